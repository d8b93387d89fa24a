# `make serve` and `make test` set up everything they need; both are quick when nothing has changed.
PYTHON ?= python3.11
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help serve test test-quick test-platform check audit weights all-weights docs browser contract deploy-check image-proof accuracy quality soak load attack crash cycles fuzz fuzz-ids fuzz-guided bench lock clean

help:
	@echo "make serve     set up and serve on 0.0.0.0:$(PORT) (PORT= changes it, STORE=.store keeps folders)"
	@echo "make test      set up and run the tests"
	@echo "make test-quick  unit tests only, within a minute"
	@echo "make test-platform  what is kept, on a real PostgreSQL and a real S3 server"
	@echo "make check     lint, types, import rules, words, security lint, audit"
	@echo "make audit     known vulnerabilities of the locked packages"
	@echo "make weights   fetch, verify and prepare the model weights"
	@echo "make docs      build the documentation into .site/ and check its links"
	@echo "make browser   the console and the API page in a real Chromium (needs one); with SHOTS=DIR screenshots, too"
	@echo "make contract  schemathesis against a real server, by its OpenAPI document (about 2 minutes)"
	@echo "make deploy-check  the files in deploy/ against the code and the tools that know their formats"
	@echo "make image-proof   build the Dockerfile without an engine and run the result (root, debootstrap, buildah)"
	@echo "make accuracy  measure recognition accuracy through the HTTP API (needs the development data)"
	@echo "make quality   recognition of small, blurred and turned faces by the pack in FACEVER_PACK (likewise)"
	@echo "make soak      mixed requests for SOAK_MINUTES=30 at SOAK_RATE=15 per second: right answers, flat memory"
	@echo "make load      ten times the load the server can bear (about 2 minutes)"
	@echo "make attack    200 hostile files of 20 kinds at once, beside the requests of others (about 5 minutes)"
	@echo "make crash     FOLDERS=500 posted while servers, workers and databases are killed in ROUNDS=20 (about 5 minutes)"
	@echo "make cycles    200 rejected requests of each kind to each endpoint, without garbage collection (about 3 minutes)"
	@echo "make fuzz      COUNT=100000 hostile requests from SEED=1 to a real server"
	@echo "make fuzz-ids  COUNT=10000 requests with ids of another company from SEED=1: nothing of it may be seen"
	@echo "make fuzz-guided  coverage-guided search in each parser and decoder, SECONDS=60 each"
	@echo "make bench     speed and cost of the server, as ratios to baselines of the same run (about 20 minutes)"
	@echo "make lock      resolve the dependencies again into requirements/*.lock"
	@echo "make clean     remove what the targets made"

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null || { echo "FaceVer needs Python 3.11: $(PYTHON) is not there (docs/installation.md)"; exit 1; }
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

# The tests load every model of the manifest, a server only those of its pack.
all-weights: weights
	@FACEVER_PACK=open-2 $(BIN)/facever weights fetch

# With STORE=: an administrator is made at the first start; the password is only printed.
serve: export FACEVER_STORE := $(or $(STORE),$(FACEVER_STORE))
serve: weights
	@$(if $(STORE),$(BIN)/facever users first-admin)
	@exec $(BIN)/facever serve --host 0.0.0.0 --port $(PORT)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check -q .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r faceVer
	$(BIN)/codespell
	$(BIN)/python docs/style/check_words.py
	@$(MAKE) --no-print-directory audit

# Known vulnerabilities of the locked packages; where the registry has no data on them it says so and passes.
audit: $(VENV)/dev.stamp
	@$(BIN)/python requirements/audit.py requirements/runtime.lock

# The inner loop: unit tests, no server process.
test-quick: $(VENV)/dev.stamp all-weights
	$(BIN)/python -m pytest -n auto --maxprocesses 4 tests/unit

# A file's tests stay together: they share servers. First the database's own tests on PostgreSQL; what else needs it or an
# S3 server is in test-platform.
test: $(VENV)/dev.stamp all-weights
	$(BIN)/python -m pytest -q -m platform tests/storage
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not slow and not platform"

# A venv of its own for the S3 server of the tests.
$(VENV)-s3/s3.stamp: requirements/s3.lock
	$(PYTHON) -m venv $(VENV)-s3
	$(VENV)-s3/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps -r requirements/s3.lock
	@touch $@

# `make test` runs these tests, too, where the servers are installed.
test-platform: $(VENV)/dev.stamp $(VENV)-s3/s3.stamp weights
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m platform

# A venv of its own for the inference server of the tests.
$(VENV)-mlserver/mlserver.stamp: requirements/mlserver.lock
	$(PYTHON) -m venv $(VENV)-mlserver
	$(VENV)-mlserver/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps -r requirements/mlserver.lock
	@touch $@

# `make test` runs these tests, too, where MLServer is installed.
test-remote: $(VENV)/dev.stamp $(VENV)-mlserver/mlserver.stamp weights
	$(BIN)/python -m pytest -q tests/remote tests/unit/inference/remote

# A venv of its own for the documentation site.
$(VENV)-docs/docs.stamp: requirements/docs.lock
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps -r requirements/docs.lock
	@touch $@

# The variable is mkdocs-material's own: without it, it prints a notice about its successor.
docs: $(VENV)-docs/docs.stamp
	@NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build --strict --quiet --config-file docs/site/mkdocs.yml
	@$(VENV)-docs/bin/python docs/site/check.py .site
	@echo "to read it, with its search: $(VENV)-docs/bin/python -m http.server --directory .site"

browser: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -q -rs tests/browser
	$(if $(SHOTS),$(BIN)/python -m tests.browser.screenshots $(SHOTS))

contract: $(VENV)/dev.stamp weights
	CONTRACT_EXAMPLES=$(or $(CONTRACT_EXAMPLES),100) $(BIN)/python -m pytest -q -s -m slow tests/contract

deploy-check: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -v -rs tests/deploy

image-proof:
	@deploy/prove-image.sh

accuracy: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -m slow -s tests/accuracy

quality: $(VENV)/dev.stamp all-weights
	$(BIN)/python -m tests.accuracy.quality

soak: $(VENV)/dev.stamp weights
	SOAK_MINUTES=$(or $(SOAK_MINUTES),30) SOAK_RATE=$(or $(SOAK_RATE),15) $(BIN)/python -m pytest -q -m slow -s tests/soak

load: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -q -m slow -s tests/load

attack: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -q -m 'slow or not slow' -s tests/hostile/test_attack.py

crash: $(VENV)/dev.stamp weights
	ROUNDS=$(or $(ROUNDS),20) FOLDERS=$(or $(FOLDERS),500) $(BIN)/python -m pytest -q -m slow -s tests/crash

cycles: $(VENV)/dev.stamp weights
	$(BIN)/python -m pytest -q -m 'slow or not slow' tests/http/test_memory_cycles.py

fuzz: $(VENV)/dev.stamp weights
	@$(BIN)/python -m tests.fuzz --count $(or $(COUNT),100000) --seed $(or $(SEED),1)

fuzz-ids: $(VENV)/dev.stamp weights
	FUZZ_COUNT=$(or $(COUNT),10000) FUZZ_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -q -s -m slow tests/platform/test_foreign_ids.py

# A venv of its own for atheris, which sees the packages of the other one.
$(VENV)-fuzz/fuzz.stamp: requirements/fuzz.lock $(VENV)/dev.stamp
	$(PYTHON) -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps -r requirements/fuzz.lock
	$(BIN)/python -c "import site; print('import site; site.addsitedir(%r)' % site.getsitepackages()[0])" \
	  > $$($(VENV)-fuzz/bin/python -c "import site; print(site.getsitepackages()[0])")/facever.pth
	@touch $@

TARGETS := multipart heads headers unbase template image heif avif webp tiff gif archive video payload
fuzz-guided: $(VENV)-fuzz/fuzz.stamp
	@for target in $(TARGETS); do echo "== $$target"; \
	  $(VENV)-fuzz/bin/python -m tests.fuzz.guided $$target $(or $(SECONDS),60) || exit 1; done

bench: $(VENV)/dev.stamp weights
	@$(BIN)/python -m benchmarks

# uv resolves (it can leave a dependency out, see [tool.uv] in pyproject.toml); pip installs.
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check -q install uv==0.13.9
	cd requirements && for extra in "runtime.lock --extra build" "dev.lock --extra build --extra dev -c runtime.lock"; do set -- $$extra; out=$$1; shift; \
	  ../$(VENV)-lock/bin/uv pip compile -q --upgrade --python-version 3.11 --python-platform linux --generate-hashes --no-header --no-annotate "$$@" ../setup.cfg -o $$out || exit 1; done
	cd requirements && for name in fuzz docs s3 mlserver; do \
	  ../$(VENV)-lock/bin/uv pip compile -q --upgrade --python-version 3.11 --python-platform linux --generate-hashes --no-header --no-annotate $$name.in -o $$name.lock || exit 1; done
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-lock $(VENV)-fuzz $(VENV)-docs $(VENV)-s3 $(VENV)-mlserver .site .schemathesis benchmarks/.env build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf weights/*.onnx weights/*.json weights/.lock weights/.fetch-*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
