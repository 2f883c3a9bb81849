# make train   sets up .venv if needed, then trains and tests a model on the embedded corpus
# make test    sets up .venv if needed, then runs all tests but those marked slow
# make check   sets up .venv if needed, then checks style and types
# make crash-test   kills a training 24 times, lets it go on, and compares: the log goes to docs/results/crash_test.md
# make study   the five sweeps of docs/study.md with 5 seeds, and a page for each: some 12 hours on 2 cores with bfloat16
#              (reckoned from its runs), days without; it can be interrupted.
#              OUTPUTS=FOLDER and ARGS="data=..." make it on another corpus
# make study-small   the same questions and figures with fewer pairs, seeds and sizes: 14 minutes on 2 cores
# make study-multi30k DATA=FOLDER   attention against none and scores on Multi30k, single captions and three joined; hidden
#              sizes: some 4 hours on 2 cores
# make bench   the speed benchmarks in short, under 10 minutes; tables go to outputs/benchmarks/short

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: train test check crash-test study study-multi30k study-small bench

train: $(READY)
	$(BIN)/python train.py $(ARGS)

test: $(READY)
	$(BIN)/pytest --numprocesses=auto --dist=loadfile $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

KILLS ?= 24

crash-test: $(READY)
	$(BIN)/python tests/integration/crashes.py $(KILLS) docs/results/crash_test.md

# $(call sweep,NAME,FOLDER,OVERRIDES): the same command again goes on where it was interrupted.
WORKERS ?= 2
OUTPUTS ?= outputs
define sweep
	$(BIN)/python train.py -m sweeps=$(1) hydra.sweep.dir=$(OUTPUTS)/sweeps/$(2) hydra.sweeper.workers=$(WORKERS) $(3) $(ARGS)
	$(BIN)/python compare.py sweep=$(2) paths.outputs=$(OUTPUTS)

endef
# $(call against,FOLDER,ROW): the same sweep beside another baseline.
define against
	$(BIN)/python compare.py sweep=$(1) paths.outputs=$(OUTPUTS) baseline=$(2) output=$(OUTPUTS)/sweeps/$(1)/against_$(2)

endef
SMALL := data.train_size=10000 data.test_size=500 data.recipe.max_epochs=8 data.recipe.hidden_size=64 trainer.precision=32-true logger=csv
SMALL_MODELS := $(SMALL) model=luong_general,no_attention
SMALL_NONE := $(SMALL_MODELS) seed=1,2
SMALL_LENGTHS := $(SMALL_NONE) data.limit.train=5000 'data.length.train=[1,9],null'
SMALL_SIZES := $(SMALL_MODELS) seed=1 data.limit.train=4500 model.hidden_size=32,128
SMALL_SCORES := $(SMALL) seed=1,2 model/attention=additive,general,uniform

study: $(READY)
	$(call sweep,attention_vs_none,study_attention_vs_none)
	$(call sweep,source_length,study_source_length)
	$(call sweep,hidden_sizes,study_hidden_sizes)
	$(call sweep,hidden_sizes_few_pairs,study_hidden_sizes_few_pairs)
	$(call sweep,scoring_functions,study_scoring_functions)
	$(call against,study_scoring_functions,luong_general)
	$(call against,study_scoring_functions,luong_dot)
	$(BIN)/python probe.py run=$(OUTPUTS)/sweeps/study_scoring_functions/0

# Commas in a value would part the arguments of `call`, so they stand in variables.
DATA ?= ../shared/data/multi30k-tok
MULTI30K = data=multi30k_tok data.path=$(DATA) seed=1,2,3
WHOLE = $(MULTI30K) data.recipe.hidden_size=128 data.recipe.max_epochs=5
SINGLE = $(WHOLE) model=luong_general,no_attention,no_attention_wide,no_attention_context
JOINED = $(WHOLE) data.join=3 data.batch.max_tokens=1024 \
	'data.length.buckets={short:[1,34],medium:[35,43],long:[44,null]}' 'data.length.fine={step:6,maximum:72}'
JOINED_NONE = $(JOINED) model=luong_general,no_attention,no_attention_context
SIZES = $(MULTI30K) data.limit.train=5000 data.recipe.max_epochs=10 model=luong_additive,no_attention model.hidden_size=64,256,512
SCORES = $(WHOLE) model/attention=additive,coverage,dot,general,location,scaled_dot,scaled_general,uniform
JOINED_SCORES = $(JOINED) model/attention=additive,dot,general,scaled_dot

study-multi30k: $(READY)
	$(call sweep,attention_vs_none,multi30k_attention_vs_none,$(SINGLE))
	$(call sweep,attention_vs_none,multi30k_joined,$(JOINED_NONE))
	$(call sweep,hidden_sizes,multi30k_hidden_sizes,$(SIZES))
	$(call sweep,scoring_functions,multi30k_scoring_functions,$(SCORES))
	$(call against,multi30k_scoring_functions,luong_general)
	$(BIN)/python probe.py run=$(OUTPUTS)/sweeps/multi30k_scoring_functions/0
	$(call sweep,scoring_functions,multi30k_joined_scores,$(JOINED_SCORES))
	$(call against,multi30k_joined_scores,luong_general)

study-small: $(READY)
	$(call sweep,attention_vs_none,small_attention_vs_none,$(SMALL_NONE))
	$(call sweep,source_length,small_source_length,$(SMALL_LENGTHS))
	$(call sweep,hidden_sizes,small_hidden_sizes,$(SMALL_SIZES))
	$(call sweep,scoring_functions,small_scoring_functions,$(SMALL_SCORES))
	$(BIN)/python probe.py run=$(OUTPUTS)/sweeps/small_scoring_functions/0

# The fastest peer takes part if benchmarks/peers/install.sh has installed it.
SHORT := --output outputs/benchmarks/short
PEER := --peers $(if $(wildcard benchmarks/peers/.venv-opennmt-py/.ready),opennmt-py)

bench: $(READY)
	$(BIN)/python benchmarks/startup.py --rounds 3 $(SHORT)
	$(BIN)/python benchmarks/training.py --rounds 2 --steps 10 --skip 10 $(PEER) $(SHORT)
	$(BIN)/python benchmarks/decoding.py --rounds 1 --train-steps 60 --batch-sizes 64 $(PEER) $(SHORT)
	$(BIN)/python benchmarks/growth.py --rounds 1 --hidden 128 --hidden-sizes 64 128 --source-sizes 50 200 --target-sizes 50 100 \
		--batch-sizes 8 16 --beam-sizes 1 8 $(SHORT)
	$(BIN)/python benchmarks/pipeline.py --pairs 3000 --rounds 2 --steps 4 $(SHORT)
	$(BIN)/python benchmarks/attention_memory.py --batch 16 --source 100 --target 100 --hidden 256 $(SHORT)

# The stamp is made last: an installation that broke off is done again.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "attnlab needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $(READY)
