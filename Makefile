# make book: execute the chapters, build the book.   make test: everything that CI checks.   Both set themselves up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
PYTHON ?= python3
PIP_OPTIONS ?=
BIN := .venv/bin
PIP = $(BIN)/python -m pip install -q --disable-pip-version-check $(PIP_OPTIONS)
READY := .venv/.ready
BENCH := PYTHONPATH=tests OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench
$(shell test -x $(BIN)/qbc || rm -f $(READY))

.PHONY: book test browser pdf site expected power mutants recorded bench bench-record pair lock clean help
help:
	@sed -n 's/^#: //p' Makefile

#: make book      execute every chapter that changed, build the book, print where it is
book: $(READY)
	$(BIN)/qbc book

#: make test      lint, types, unit tests, every chapter, the built book in a browser, what verdicts rest on, the numbers
#:                (QBC_BROWSER=skip: without a browser, and it says how many tests that leaves out)
test: $(READY) browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m "not built" -n auto --dist loadfile --no-loadscope-reorder
	$(BIN)/qbc book
	$(BIN)/qbc claims
	$(BIN)/qbc power --check
	$(BIN)/qbc expected --check
	$(BIN)/pytest -m built -n auto --dist loadfile --ignore=tests/browser
	$(BIN)/pytest -m built -n auto tests/browser

browser:
	@bash .ci/chromium

#: make pdf       print the built book as one PDF, and link it from its pages (needs Chromium)
pdf: book browser
	$(BIN)/python -m qbc.pipeline.pdf

#: make site      pack the built book: an archive, its checksum, and what it was built with
site: book
	$(BIN)/python -m qbc.pipeline.site

#: make expected  accept the numbers of the current chapters as the reviewed ones
expected: $(READY)
	$(BIN)/qbc book
	$(BIN)/qbc expected

#: make power     take away what verdicts rest on, in every chapter, and keep which of them turn
power: $(READY)
	$(BIN)/qbc power

#: make mutants   change the core in small ways, one at a time, and see that a unit test fails (only what changed; can be interrupted)
mutants: $(READY)
	$(BIN)/python -c 'import cosmic_ray' 2>/dev/null || \
	  $(PIP) --no-build-isolation -c constraints.txt -e '.[mutants]'
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutants/run.py

#: make recorded  train chapter 13's heads from three seeds (up to an hour on two cores), those of 08 and 08b ten times as long; keep it
recorded: $(READY) recorded-training
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m qbc.leaderboard book/_static/recorded/13-multimodal-benchmark.json
	rm -f _build/executed/13-multimodal-benchmark.ipynb

.PHONY: recorded-training
recorded-training: $(READY)
	$(BIN)/qbc run 08 08b -p training 10 --out runs/training-10
	$(BIN)/python -m qbc.pipeline.longer runs/training-10 book/_static/recorded/training.json

#: make bench     race qbc against its peers (some minutes), beside the record; fails where a ratio got worse by a factor of 1.5
bench: $(READY)
	$(BENCH)

#: make bench-record  the same, and keep the new numbers, which the book prints
bench-record: $(READY)
	$(BENCH) --record

#: make pair      bring notebooks/ up to date with the texts in book/
pair: $(READY)
	$(BIN)/qbc pair

#: make lock      resolve requirements.in and the extras sim, data and tokens anew (UV_FIND_LINKS: a folder with a CPU build of torch, if you have one)
lock: $(READY)
	$(BIN)/pip install -q uv
	$(BIN)/python -c 'import tomllib; x = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; print(*x["sim"], *x["data"], *x["tokens"], sep="\n")' | \
	  $(BIN)/uv pip compile requirements.in - -o constraints.txt --python-version 3.11 --upgrade --no-header --no-annotate
	sed -i 's/+cpu//' constraints.txt

#: make clean     remove everything that was built
clean:
	rm -rf .venv _build runs

$(READY): requirements.in constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "qbc needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up .venv (2 GB with a CPU build of torch, several GB more with the one for CUDA; once; README, Set up)"
	$(PYTHON) -m venv .venv
	$(PIP) -r requirements.in -c constraints.txt
	$(PIP) --no-build-isolation -c constraints.txt -e '.[sim,data,tokens]'
	touch $@
