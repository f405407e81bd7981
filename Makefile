# Needs Python >= 3.11 and git.  `make run` shows the main job, `make test` runs every test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCH := $(VENV)/bench

.PHONY: run test test-windows lint types perf-guard bench clean

run: $(VENV)/.installed
	$(BIN)/python scripts/demo.py $(REPO)

# SLOW=1 runs all, not only what adds most.
test: $(VENV)/.tested
	$(BIN)/python -m pytest $(if $(SLOW),-m '') $(TESTS)

# With a Python for Windows, which may be one under Wine, that has the packages of fsmond[test].
# Wine writes names as the locale says; what pytest can't remove there in the end is no error.
test-windows:
	$(if $(FSMOND_WINDOWS_PYTHON),,$(error set FSMOND_WINDOWS_PYTHON to the python.exe of a Python for Windows, with fsmond[test]))
	LC_ALL=C.UTF-8 $(FSMOND_WINDOWS_PYTHON) -m pytest -p no:cacheprovider -W default::pytest.PytestWarning $(TESTS)

lint: $(VENV)/.developed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.developed
	for platform in linux darwin win32; do $(BIN)/mypy --platform $$platform || exit 1; done

# Needs strace and valgrind.
perf-guard: $(VENV)/.installed
	$(BIN)/python scripts/perf_guard.py

# Writes docs/benchmarks.md; QUICK=1 for two minutes, BENCH_OPTIONS='--only truth' for a part of it.
bench: $(BENCH)/.installed
	$(BENCH)/bin/python scripts/bench.py $(if $(QUICK),--quick) $(BENCH_OPTIONS)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.installed: pyproject.toml scripts/fsmond
	$(PYTHON) -c 'import sys; sys.exit("fsmond needs Python 3.11 or newer: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# Installed as users have it: an editable package takes longer to import.
$(BENCH)/.installed: $(VENV)/.installed $(shell find fsmond ipc -name '*.py')
	$(PYTHON) -m venv $(BENCH)
	rm -rf build && $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check '.[bench]' && rm -rf build
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

$(VENV)/.developed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
