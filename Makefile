# `make demo` and `make test` are the two commands of a new user; both rest on `make setup`.
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .stamps
KERNEL_SOURCES := $(wildcard csrc/*.c csrc/*.h) setup.py

.PHONY: setup setup-dev demo test test-long check bench bundle clean

setup: $(STAMPS)/installed $(STAMPS)/tools

$(STAMPS)/venv:
	$(PYTHON) packaging/require_python.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r packaging/uv-requirements.txt
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/installed: $(STAMPS)/venv requirements.txt requirements-dev.txt pyproject.toml $(KERNEL_SOURCES)
	$(BIN)/uv pip sync --system-certs --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.txt requirements-dev.txt packaging/uv-requirements.txt
	$(BIN)/uv pip install --system-certs --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src/firstlight
	touch $@

$(STAMPS)/tools: $(STAMPS)/venv packaging/tools.py packaging/exiftool/package-lock.json
	$(BIN)/python packaging/tools.py
	touch $@

demo: setup
	$(BIN)/python -m examples.demo

test: setup
	$(BIN)/pytest -n 2

test-long: setup
	$(BIN)/pytest -n 2 -m long

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sphinx-build -q -W -b html docs docs/_build

# The programs that we compare with live in an environment of their own.
$(STAMPS)/peers: $(STAMPS)/venv requirements-peers.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-peers
	$(BIN)/uv pip sync --system-certs --quiet --python .venv-peers/bin/python --require-hashes requirements-peers.txt
	touch $@

bench: setup $(STAMPS)/peers
	$(BIN)/python -m benchmarks $(BENCH)

# One archive for machines without a network; PYTHONS="3.11 3.12" for those of others too.
bundle: setup
	$(BIN)/python packaging/bundle.py $(if $(PYTHONS),--pythons $(PYTHONS))

clean:
	rm -rf .venv .venv-peers $(STAMPS) build dist demo docs/_build
