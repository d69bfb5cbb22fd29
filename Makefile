# Everything is built in .venv beside this file, by pip. Needed: Python 3.11+ and make.
#
#   make tour    derive a layer, check it, train on real digits
#   make test    the test suite
#
# PYTHON=python3.13 chooses the interpreter; VENV=folder another place.

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install -qq

.PHONY: help tour test format lint types layers wheel wheel-test lowest pythons fuzz sanitize peers docs bench bench-all clean

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

tour: $(VENV)/derivo.stamp  ## derive, check and train, as a newcomer sees it
	@$(BIN)/derivo tour

test: $(VENV)/test.stamp  ## run the test suite
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

format: $(VENV)/test.stamp  ## check the layout of the code
	@$(BIN)/ruff format --check

lint: $(VENV)/test.stamp  ## check the code against the rules in pyproject.toml
	@$(BIN)/ruff check

types: $(VENV)/test.stamp  ## check the types
	@$(BIN)/mypy

layers: $(VENV)/test.stamp  ## check that stages only import from earlier ones
	@$(BIN)/lint-imports

wheel: $(VENV)/test.stamp  ## build the wheel in dist/
	@rm -rf dist
	@$(BIN)/python -m pip --disable-pip-version-check wheel -qq --no-deps --wheel-dir dist .
	@ls dist/*.whl

wheel-test: wheel  ## test the wheel where nothing else is installed
	@rm -rf $(VENV)/wheel-test
	@$(PYTHON) -m venv $(VENV)/wheel-test
	@$(VENV)/wheel-test/bin/python -m pip --disable-pip-version-check install -qq dist/*.whl
	@$(VENV)/wheel-test/bin/python -I tests/meta/wheel_smoke.py

lowest: $(VENV)/python.stamp  ## test with the lowest versions that are promised
	@$(PYTHON) -m venv $(VENV)/lowest
	@$(VENV)/lowest/bin/python -m pip --disable-pip-version-check install -qq --upgrade "pip>=25.1"
	@$(VENV)/lowest/bin/python -m pip --disable-pip-version-check install -qq \
	  $$($(BIN)/python tests/meta/lowest.py) --editable . --group test
	@$(VENV)/lowest/bin/python -m pytest -q -p no:cacheprovider \
	  tests/ops/test_every_op.py tests/trace $(ARGS)

pythons: $(VENV)/python.stamp  ## test with every newer Python that is found here
	@VENV=$(VENV) .ci/pythons $(ARGS)

fuzz: $(VENV)/test.stamp  ## random graphs against central differences, at length
	@DERIVO_FUZZ=intense $(BIN)/python -m pytest tests/fuzz $(ARGS)

sanitize: $(VENV)/test.stamp  ## compiled text under the sanitizers; ARGS=--all for the whole catalogue
	@$(BIN)/python -m tests.sanitize $(ARGS) >$(VENV)/sanitizers.log; code=$$?; \
	  cat $(VENV)/sanitizers.log; exit $$code

peers: $(VENV)/peers.stamp  ## compare with scikit-learn, PyTorch, JAX and MyGrad
	@$(BIN)/python -m pytest -m peers $(ARGS)

docs: $(VENV)/test.stamp  ## build the article, the playground and the pages of the questions, and run every example of README and docs
	@$(BIN)/python docs/article/build.py
	@$(BIN)/python docs/article/questions.py
	@$(BIN)/python -m derivo play -o docs/playground.html
	@$(BIN)/python -m pytest tests/docs $(ARGS)

bench: $(VENV)/peers.stamp  ## time a training step beside other libraries, in one table
	@$(BIN)/python benchmarks/step_time.py $(ARGS)

bench-all: $(VENV)/peers.stamp  ## run every benchmark that needs nothing else
	@for name in accuracy derive_time explain_time import_time size step_time whole_process curves; do \
	  echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

clean:  ## remove what was built
	rm -rf $(VENV) dist build

# Each stamp is newer than pyproject.toml once its packages are in: a second run is quick.
$(VENV)/python.stamp: pyproject.toml
	@test -n "$(PYTHON)" || { echo "derivo needs Python 3.11 or newer; none was found. Say where: make PYTHON=path/to/python3"; exit 1; }
	@test -x $(BIN)/python || echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments: its module venv is missing"; exit 1; }
	@$(PIP) --upgrade "pip>=25.1"
	@touch $@

$(VENV)/derivo.stamp: $(VENV)/python.stamp
	@$(PIP) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/derivo.stamp
	@echo "installing what the tests need (once)"
	@$(PIP) --editable ".[fast,svg]" --group test --group lint
	@touch $@

$(VENV)/peers.stamp: $(VENV)/test.stamp
	@echo "installing the libraries to compare with (once, large)"
	@$(PIP) --editable ".[bench]"
	@touch $@
