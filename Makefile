# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command "make pins"
# Options of what a target starts, such as: make run ARGS="--customers 50000"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-spark test-engines test-faults test-nightly coverage screens java lint format docs notebook mlflow feast serve bench bench-serving bank-report pins clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: $(READY) ## Make the virtual environment from the pinned, hashed requirements

$(READY): requirements/all.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "error: Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.11 (found $$($(PYTHON) --version 2>&1))" >&2; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV) \
	  || { echo "error: $(PYTHON) cannot make a virtual environment: on Debian, apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/all.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(READY)

run: $(READY) ## Landing files to recommendations; makes a small bank where there is neither a file nor a table
	$(BIN)/santander run $(ARGS)

# How many processes run tests beside each other; WORKERS=0 is one, which a debugger needs.
WORKERS ?= 2
BESIDE = -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# What runs pytest; test-nightly has it measured.
RUN ?= $(BIN)/python

test: $(READY) ## Run the tests on the embedded engine
	$(RUN) -m pytest $(BESIDE) -m "not engines and not faults" $(ARGS)

test-spark: $(READY) ## Run the tests whose code meets a plan on Apache Spark (needs Java 17)
	$(RUN) -m pytest $(BESIDE) --engine spark -m "not engines and not faults" --timeout 900 $(ARGS)

test-engines: $(READY) ## Compare whole runs on both engines; a sample of clusters, buckets and deployments (needs Java 17 and servers)
	$(RUN) -m pytest -m engines $(ARGS)

test-faults: $(READY) ## A sample of kills, full disks, two runs at once and broken files, on both engines (needs Java 17)
	$(RUN) -m pytest -m faults $(ARGS)

NIGHTLY := test test-spark test-engines test-faults
test-nightly: $(READY) ## Run all of it: samples whole, every test with a session on Spark; print the coverage (docs/testing.md)
	$(BIN)/coverage erase
	$(MAKE) --no-print-directory --jobs=1 --keep-going $(NIGHTLY:%=whole-%) coverage

whole-%: $(READY)
	$(MAKE) --no-print-directory $* ARGS="--whole $(ARGS)" RUN="$(BIN)/coverage run"

coverage: $(READY)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

screens: $(READY) ## Record anew what verbs show on terminals (docs/testing.md)
	$(BIN)/python -m tests.cli.take_screens

java: $(READY) ## Find the Java that Apache Spark needs, or install it with apt
	@$(BIN)/python -m santander.engine.cluster.java 2>/dev/null || { deploy/install-packages.sh java && $(BIN)/python -m santander.engine.cluster.java; }

lint: $(READY) ## Check style, types and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## Write the generated pages of docs/ anew
	$(BIN)/python -m santander.schema.reference
	$(BIN)/python -m santander.features.reference
	$(BIN)/python -m santander.features.own.reference
	$(BIN)/python -m santander.quality.reference

# Notebooks run in their own folder, so a relative data folder is made absolute here.
notebook: PORT ?= 8888
notebook: $(READY) ## Open the notebooks on the tables of SANTANDER_DATA_DIR, at 127.0.0.1:8888 or PORT=
	data="$${SANTANDER_DATA_DIR:-data}"; case "$$data" in /* | *://*) ;; *) data="$$PWD/$$data" ;; esac; \
	  SANTANDER_DATA_DIR="$$data" $(BIN)/jupyter lab --ip 127.0.0.1 --port $(PORT) --ServerApp.port_retries=0 $(ARGS) notebooks

# STATE names a state folder whose runs are shown in place of that of SANTANDER_DATA_DIR.
mlflow: PORT ?= 5000
mlflow: $(READY) ## Open MLflow on the runs in the view for reviews, at 127.0.0.1:5000 or PORT=
	$(BIN)/python -m santander.registry.review_page $(PORT) $(ARGS)

serve: PORT ?= 8000
serve: $(READY) ## Answer recommendations over HTTP from the published month, at 127.0.0.1:8000 or PORT=
	$(BIN)/santander serve --port $(PORT) $(ARGS)

feast: PORT ?= 8889
feast: $(READY) ## Open Feast's pages on the views and services of SANTANDER_DATA_DIR, at 127.0.0.1:8889 or PORT=
	@$(BIN)/python -m santander.store.pages $(PORT)
	cd feature_repo && ../$(BIN)/feast apply && ../$(BIN)/feast ui --host 127.0.0.1 --port $(PORT)

bench: $(READY) ## Measure our steps against pandas, Polars, DuckDB and plain PySpark; writes benchmarks/results
	$(BIN)/python benchmarks/bench.py $(ARGS)

bench-serving: $(READY) ## Put load on the service beside a constant, feast serve and mlflow models serve (needs Go for vegeta, and wrk)
	@deploy/install-packages.sh wrk
	@deploy/install-load-generator.sh >/dev/null
	$(BIN)/python benchmarks/serving.py $(ARGS)

bank-report: $(READY) ## Compare the synthetic bank with the facts it is calibrated to
	$(BIN)/santander bank-report $(ARGS)

pins: $(READY) ## Resolve the requirements anew
	$(PIN) -o requirements/all.txt --all-extras pyproject.toml
	$(PIN) -o requirements/image.txt --extra kaggle --extra lightgbm --extra notebook --extra redis --extra server -c requirements/all.txt pyproject.toml
	$(PIN) -o requirements/uv.txt requirements/uv.in

clean: ## Remove the virtual environment and caches, never data
	rm -rf $(VENV) .import_linter_cache .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage .coverage.*
