# `make serve` and `make test` set up everything they need; both are quick when nothing has changed.
PYTHON ?= python3.11
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help serve test check weights accuracy soak bench lock clean

help:
	@echo "make serve     set up and serve on 0.0.0.0:$(PORT) (PORT= changes it)"
	@echo "make test      set up and run the tests"
	@echo "make check     lint, types, import rules"
	@echo "make weights   fetch, verify and prepare the model weights"
	@echo "make accuracy  measure recognition accuracy through the HTTP API (needs the development data)"
	@echo "make soak      long-running tests"
	@echo "make bench     speed, as ratios against a baseline of the same run"
	@echo "make lock      resolve the dependencies anew into requirements/*.lock"
	@echo "make clean     remove what the targets made"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The lock is complete, so pip resolves nothing (--no-deps): that is what keeps the GUI build of OpenCV out.
$(VENV)/runtime.stamp: requirements/runtime.lock setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --no-deps -r requirements/runtime.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/runtime.stamp
	$(PIP) install --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

weights: $(VENV)/runtime.stamp
	@$(BIN)/facever weights fetch

serve: weights
	@exec $(BIN)/facever serve --host 0.0.0.0 --port $(PORT)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest

accuracy: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -m slow -s tests/accuracy

soak: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -m slow -s --ignore=tests/accuracy

bench: $(VENV)/dev.stamp weights
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# uv resolves (it can leave a dependency out, see [tool.uv] in pyproject.toml); pip installs.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check -q install uv==0.13.9
	cd requirements && for extra in "runtime.lock --extra build" "dev.lock --extra build --extra dev -c runtime.lock"; do set -- $$extra; out=$$1; shift; \
	  ../$(VENV)-lock/bin/uv pip compile -q --upgrade --python-version 3.11 --python-platform linux --generate-hashes --no-header --no-annotate "$$@" ../setup.cfg -o $$out || exit 1; done
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf weights/*.onnx weights/*.json weights/.lock weights/.fetch-*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
