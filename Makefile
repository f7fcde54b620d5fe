# Each target is a thin call. On a fresh machine the first one that needs it makes .venv (or uses the virtual
# environment that is active) and installs the project there.

PYTHON ?= python3
VENV := $(or $(VIRTUAL_ENV),.venv)
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.napari-ralis-installed
PYSIDE6 := $(abspath $(VENV))/pyside6
DOCS_INSTALLED := $(VENV)/.napari-ralis-docs-installed

# Tests run in a process for each core, up to four as each takes a gigabyte, and on a screen of its own. One that has
# nothing left to do takes tests from the longest queue. WORKERS= runs all in one process.
WORKERS ?= -n logical --maxprocesses 4 --dist worksteal
# A process computes with one thread, as there are as many as cores; and it may keep the bytecode of what pytest has
# rewritten, which takes it seconds to make.
ALONE := env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1

# What Qt needs to draw where there is no screen (Debian and Ubuntu).
SCREEN := xvfb libegl1 libgl1 libglx-mesa0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 \
	libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-xinerama0 libxcb-xfixes0 libdbus-1-3 libfontconfig1

.PHONY: demo app test test-pyside6 lint docs bench install screen

# The main job on embedded streets, needs no data: several acquisitions, the report and, with a screen, napari.
demo: install
	$(BIN)/napari-ralis demo --out runs/demo

app: install
	$(BIN)/napari-ralis label

test: install screen
	$(ALONE) $(BIN)/python -m pytest $(WORKERS)

# The GUI with the other Qt binding, which lies in a folder of its own: in the environment itself it would be in the
# way of the first one. A few files to a process, as a fault in the binding can end one: that is a failure, and the
# others' tests are run all the same.
test-pyside6: install screen $(PYSIDE6)/.installed
	$(ALONE) PYTHONPATH="$(PYSIDE6)$${PYTHONPATH:+:$$PYTHONPATH}" QT_API=pyside6 $(BIN)/python tests/fresh_processes.py tests/gui

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari_ralis/napari.yaml

docs: $(DOCS_INSTALLED)
	$(BIN)/mkdocs build --strict

bench: install
	$(BIN)/python -m benchmarks

install: $(INSTALLED)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --editable '.[dev,pyqt6]'
	@touch $@

$(DOCS_INSTALLED): pyproject.toml | $(INSTALLED)
	$(BIN)/python -m pip install --editable '.[docs]'
	@touch $@

$(PYSIDE6)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --upgrade --target $(PYSIDE6) 'PySide6_Essentials>=6.8,!=6.11.0,!=6.11.1'
	@touch $@

screen:
	@if [ "$$(uname)" != Linux ] || ! command -v dpkg >/dev/null || dpkg -s $(SCREEN) >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ]; then \
		apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $(SCREEN); \
	else echo "For the GUI tests install: sudo apt-get install $(SCREEN)"; fi
