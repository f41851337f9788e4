# OrderBell. `make up` starts it, `make test` checks all of it; neither needs anything done by hand before.
#   make up PORT=8700 DATA=data     make check     make fmt     make reference     make bench     make chaos     make chaos-mutants

SHELL  := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := up

PYTHON ?= python3
PORT   ?= 8700
DATA   ?= data
BIN    := .venv/bin

# A stamp is named after what it was made from: nothing changed means nothing is installed again.
RECIPE := $(wildcard pyproject.toml package-lock.json hatch_build.py src/orderbell/web/static/icons.txt)
MARK   := $(shell cat $(RECIPE) | cksum | tr ' ' '-')
READY  := .venv/.ready-$(MARK)
DEV    := .venv/.ready-dev-$(MARK)
BENCH  := .venv/.ready-bench-$(MARK)

# uv does not read pip's settings, so a mirror named there is handed on. Bytecode is made now, not at each start:
# where Python is told not to write any, starting would take four times as long.
INSTALL = mirror=$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null || true)}; \
          $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $${mirror:+--default-index "$$mirror"}

.PHONY: up test check lint fmt reference bench chaos chaos-mutants chaos-system system

up: $(READY)
	@exec $(BIN)/orderbell up --demo --data "$(DATA)" --port "$(PORT)"

test: system check

check: lint
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: $(DEV)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || { echo "Some files are not in shape: make fmt puts them right."; exit 1; }
	@$(BIN)/mypy
	@NO_COLOR=1 $(BIN)/lint-imports --no-logo

fmt: $(DEV)
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format

reference: $(READY)
	@$(BIN)/python -m orderbell.cli.reference docs/reference

bench: $(BENCH)
	@$(BIN)/python -m bench

# Say more with CHAOS, as in:  make chaos CHAOS="--only crashes --seed 7"  or  make chaos CHAOS=--quick
chaos: $(DEV) chaos-system
	@$(BIN)/python -m tests.chaos $(CHAOS)

chaos-mutants: $(DEV) chaos-system
	@$(BIN)/python -m tests.chaos.mutants $(CHAOS)

# What the drills need of the machine: strace to watch the disk, faketime to set a process's clock.
chaos-system:
	@{ command -v strace && command -v faketime; } >/dev/null || { \
	  command -v apt-get >/dev/null || { echo "make chaos needs strace and faketime."; exit 1; }; \
	  test "$$(id -u)" = 0 || { echo "Run this once, then make chaos again:  sudo apt-get install strace faketime"; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends strace faketime >/dev/null; }

# What the browser tests need of the machine: a browser, and letters for Chinese.
system:
	@test -x /usr/bin/chromium || { \
	  command -v apt-get >/dev/null || { echo "The browser tests need Chromium at /usr/bin/chromium."; exit 1; }; \
	  test "$$(id -u)" = 0 || { echo "Run this once, then make test again:  sudo apt-get install chromium fonts-noto-cjk"; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk >/dev/null; }

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "OrderBell needs Python 3.11 or newer; name one with: make PYTHON=python3.13 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(READY): | .venv/bin/uv
	@echo "Installing OrderBell into .venv …"
	@$(INSTALL) --editable .
	@$(BIN)/python -m compileall -q src
	@rm -f .venv/.ready-* && touch $@

$(DEV): $(READY)
	@$(INSTALL) --group dev
	@touch $@

$(BENCH): $(DEV)
	@$(INSTALL) --group bench
	@touch $@
