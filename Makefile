# Needs Python >= 3.11 and git.  `make run` is a demonstration, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BENCH := $(VENV)/bench
PUBLIC := ipc fsmond.client fsmond.aio fsmond.results fsmond.errors fsmond.protocol

.PHONY: run test test-windows lint types architecture man docs perf-guard bench clean

run: $(VENV)/.installed
	$(BIN)/python scripts/demo.py $(REPO)

# SLOW=1 also runs the tests that are marked slow.
test: $(VENV)/.tested
	$(BIN)/python -m pytest -n auto --maxprocesses=4 $(if $(SLOW),-m '') $(TESTS)

# Uses a Python for Windows with the packages of fsmond[test], for example under Wine.  Wine encodes
# file names by the locale; a file that pytest cannot remove at the end is not an error.
test-windows:
	$(if $(FSMOND_WINDOWS_PYTHON),,$(error set FSMOND_WINDOWS_PYTHON to the python.exe of a Python for Windows, with fsmond[test]))
	LC_ALL=C.UTF-8 $(FSMOND_WINDOWS_PYTHON) -m pytest -p no:cacheprovider -W default::pytest.PytestWarning $(TESTS)

lint: $(VENV)/.developed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.developed
	for platform in linux darwin win32; do $(BIN)/mypy --platform $$platform || exit 1; done

# Draws the rooms and who imports whom into docs/architecture.md; a test fails if that is stale.
architecture: $(VENV)/.installed
	$(BIN)/python scripts/draw_architecture.py

# The man page, from the help of the command; a test fails if it is stale.
man: $(VENV)/.developed
	COLUMNS=80 $(BIN)/python scripts/draw_man_page.py

# The reference of what other programs use, from the docstrings, in build/docs; a warning is an error.
docs: $(VENV)/.developed
	rm -rf build/docs
	$(BIN)/python -W error -m pdoc --no-show-source -t docs/pdoc -o build/docs $(PUBLIC)

# Needs strace and valgrind.
perf-guard: $(VENV)/.installed
	$(BIN)/python scripts/perf_guard.py

# Writes docs/benchmarks.md.  QUICK=1 takes two minutes; BENCH_OPTIONS='--only truth' prints one section.
bench: $(BENCH)/.installed
	cd scripts && $(abspath $(BENCH))/bin/python -m bench $(if $(QUICK),--quick) $(BENCH_OPTIONS)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.installed: pyproject.toml setup.py scripts/fsmond
	$(PYTHON) -c 'import sys; sys.exit("fsmond needs Python 3.11 or newer: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# Installed as users do it: an editable package takes longer to import.
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
