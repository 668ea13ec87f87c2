PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A file's tests share compiled models, so they stay in one process; tests/conftest.py orders the files.
# Coverage by slipcover: on Python 3.11 coverage.py adds about 60 % to the time of the tests.
COVERED := $(CURDIR)/files,$(CURDIR)/models,$(CURDIR)/training,$(CURDIR)/data,$(CURDIR)/metrics,$(CURDIR)/reports,$(CURDIR)/judging
ON_TWO_CORES := -n 2 --dist loadfile --no-loadscope-reorder

TABLES := table1 table2 table3 table4 captions news ablations action_values discriminator map guided sampling best

.PHONY: demo test test-fast faults check lint types bench lock clean $(TABLES)

$(VENV)/run: requirements.lock
	$(PYTHON) -c "import files"  # which checks the version of Python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	touch $@

$(VENV)/dev: $(VENV)/run requirements.txt requirements-judge.txt requirements-dev.txt
	$(BIN)/pip install --quiet -r requirements-dev.txt
	touch $@

demo: $(VENV)/run  ## SeqGAN on sentences of Python's documentation, end to end, then ten samples of it
	$(BIN)/python train_text.py --preset demo --out runs/demo $(if $(wildcard runs/demo/config.json),--resume)
	$(BIN)/python sample.py runs/demo --num 10 --temperature 0.6

# Two processes on two cores: with more threads each they would wait for one another.
test test-fast: export TF_NUM_INTRAOP_THREADS = 1
# What XLA compiles runs once or twice in a test: compiling takes the time.
test test-fast: export XLA_FLAGS = --xla_backend_optimization_level=0 \
	--xla_llvm_disable_expensive_passes=true --xla_cpu_parallel_codegen_split_count=1

test: $(VENV)/dev  ## all tests, which must reach nine tenths of the lines and branches of the packages
	$(BIN)/python -m slipcover --branch --source "$(COVERED)" --json --out coverage.json \
		-m pytest $(ON_TWO_CORES)
	$(BIN)/python -m slipcover --merge coverage.json --out coverage.json --branch --skip-covered --fail-under 90

test-fast: $(VENV)/dev  ## the quick tests: no compilation of training steps, no coverage
	$(BIN)/python -m pytest -m "not slow and not faults" $(ON_TWO_CORES)

faults: $(VENV)/dev  ## the long forms of the tests that kill, fill disks and damage files
	$(BIN)/python -m pytest -m faults

check: lint types test  ## what a commit must pass

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

bench: $(VENV)/run  ## the optimized code next to a naive implementation, in one run
	$(BIN)/python -m benchmarks.speed

$(TABLES): $(VENV)/run  ## the runs of a table that are not complete, then the table; settings: experiments/common.sh
	PYTHON=$(BIN)/python experiments/$@.sh

lock: $(VENV)/dev  ## exact versions with hashes, for all systems and versions of Python
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-annotate --custom-compile-command "make lock" requirements.txt -o requirements.lock

clean:
	rm -rf $(VENV)
