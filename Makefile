# Every target works from a bare clone: it makes its own .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo serve test check protos clean

demo: $(VENV)/server ## install, start a server, translate the seed article, show the pairs
	$(BIN)/python -m service.cli demo

serve: $(VENV)/server ## start the server on port 50051
	$(BIN)/tarjuman-server serve

test: check ## everything that must hold: style, types, stubs, protos, tests
	$(BIN)/python -m pytest

check: $(VENV)/dev ## the quick part of `test`
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python protos/generate.py --check
	$(BIN)/buf lint protos

protos: $(VENV)/dev ## generate the stubs anew
	$(BIN)/python protos/generate.py

$(VENV)/server: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[server]'
	touch $@

$(VENV)/dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e '.[dev,torch]'
	touch $@ $(VENV)/server

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache
