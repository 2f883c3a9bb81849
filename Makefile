# make train   sets up .venv if needed, then trains and tests a model on the embedded corpus
# make test    sets up .venv if needed, then runs all tests
# make check   the same, then style and types

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: train test check

train: $(READY)
	$(BIN)/python train.py $(ARGS)

test: $(READY)
	$(BIN)/pytest --numprocesses=auto --dist=loadfile $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The stamp is made last: an installation that broke off is done again.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "attnlab needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)
