# The commands people type; 'make' alone lists them. What they do is in conf/commands/ and tests/.
# Processes that build or test: as many as there are cores, or JOBS=2.

PYTHON ?= python3
VENV := .venv/bin/python
PAGES ?=
GATES ?=
VERSIONS ?=
PORT ?= 8000
JOBS ?=
export JOBS
# Which torch is installed: cpu (on Linux from PyTorch's own index), or default, see README.
TORCH ?=
export TORCH
# Python would trust a compiled file that a full disk has cut short.
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help environment html preview serve live bundle test test-all versions lint format doctest accept gettext dist linkcheck bench compare lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

environment:
	@$(PYTHON) conf/commands/environment.py

html: environment ## build the site, both languages, into build/html
	@$(VENV) conf/commands/website.py html

preview: environment ## build a page or lesson quickly into build/preview: PAGES="tensor plot_forward_pass"
	@$(VENV) conf/commands/website.py preview $(PAGES)

serve: html ## show the site at http://127.0.0.1:8000 (another port: PORT=8080)
	@$(VENV) -m http.server --bind 127.0.0.1 --directory build/html $(PORT)

live: environment ## build, show, and rebuild on save (another port: PORT=8080)
	@$(VENV) conf/commands/live.py $(PORT)

bundle: environment ## join the modules that pages run into small scripts (building does so by itself)
	@$(VENV) conf/commands/bundle.py

test: environment ## build the site and check every promise of it, doctests included
	@$(VENV) conf/commands/suite.py

test-all: environment ## the same, and what takes longer: every module of PyTorch's own tests, and more
	@$(VENV) conf/commands/suite.py -m "slow or not slow"

versions: ## run the tests of recording and drawing with old and new PyTorch (one: VERSIONS=2.6.0)
	@$(PYTHON) conf/commands/versions.py $(VERSIONS)

lint: environment ## check rules, types, formatting, texts and catalogues, in seconds (some: GATES="ruff mypy")
	@$(VENV) conf/commands/lint.py $(GATES)

format: environment ## format Python and JavaScript, and fix what the tools can fix safely
	@$(VENV) conf/commands/lint.py --fix

doctest: environment ## check every >>> on pages, in lessons and in docstrings
	@$(VENV) -m pytest tests/test_doctests.py

accept: html ## rewrite tests/transcripts from what the site prints now, for review as a diff
	@$(VENV) tests/transcripts.py

gettext: environment ## bring the Chinese catalogues up to date with the sources
	@$(VENV) conf/commands/catalogues.py

dist: html ## zip the site into build/autograd-atlas.zip, to be opened anywhere
	@$(VENV) conf/commands/website.py dist

linkcheck: environment ## ask every outside address that a page links to (needs a network)
	@$(VENV) conf/commands/website.py linkcheck

bench: html ## what building takes, in empty Sphinx builds; drawing, of torchviz and of bounds; a step, of a frame
	@$(VENV) tests/bench.py
	@$(VENV) tests/bench_graphs.py
	@$(VENV) tests/bench_bounds.py
	@PYTHONPATH=conf $(VENV) tests/bench_player.py
	@PYTHONPATH=conf $(VENV) tests/bench_recording.py

compare: environment ## what other tools show of the same graph, read from their pictures
	@$(VENV) tests/compare.py

lock: ## make conf/requirements.lock from requirements.txt: the hashes of all that is installed
	@$(PYTHON) conf/commands/lock.py

clean: ## delete all that was built (.venv stays)
	@rm -rf build
