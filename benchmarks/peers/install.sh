#!/bin/sh
# Installs OpenNMT-py 3.5.1 and joeynmt 2.3.0, each into an environment of its own beside this file:
#
#     sh benchmarks/peers/install.sh [PYTHON]
#
# Neither installs cleanly beside a current torch. OpenNMT-py pins an older one, so it comes without its dependencies,
# which are named here instead; joeynmt imports importlib_metadata without asking for it. An environment that is
# complete holds the file .ready and is left as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${1:-python3}

environment() {
    [ -e "$here/.venv-$1/.ready" ] && return 1
    rm -rf "$here/.venv-$1"
    "$python" -m venv "$here/.venv-$1"
    pip=$here/.venv-$1/bin/pip
    "$pip" install torch==2.13.0
}

if environment opennmt-py; then
    "$pip" install --no-deps OpenNMT-py==3.5.1
    "$pip" install configargparse "ctranslate2>=4,<5" tensorboard flask waitress "pyonmttok>=1.37,<2" pyyaml sacrebleu \
        rapidfuzz pyahocorasick fasttext-wheel spacy six numpy setuptools
    touch "$here/.venv-opennmt-py/.ready"
fi
if environment joeynmt; then
    "$pip" install joeynmt==2.3.0 importlib_metadata
    touch "$here/.venv-joeynmt/.ready"
fi
