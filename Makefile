# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
#
# The commands of this project; `make help` lists them. All of them work in .venv, which `make setup` makes.

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench bench-events bench-delivery bench-privacy bench-recordings fuzz homeassistant serve lock clean FORCE
# Two cores are soon full, and the tests' summary must stay the last thing printed.
.NOTPARALLEL:
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# Holds the folder that .venv was made for: scripts inside a moved or copied .venv point to its old place.
STAMP := $(VENV)/.hearken-setup
# Without isolation: what builds a package is then pinned like everything else.
PIP_INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check --no-build-isolation
# More words for `make demo`, `test`, `bench`, `serve` and `lock`: make test ARGS="-k settings"
ARGS ?=

# A real Home Assistant, where `make homeassistant` has made one.
HOME_ASSISTANT := .homeassistant
HOME_ASSISTANT_STAMP := $(HOME_ASSISTANT)/.hearken-setup
ifneq ($(wildcard $(HOME_ASSISTANT_STAMP)),)
HEARKEN_HOMEASSISTANT ?= $(abspath $(HOME_ASSISTANT))
export HEARKEN_HOMEASSISTANT
endif

# Every folder with Python in it.
PYTHON_FOLDERS := $(patsubst %/,%,$(sort $(dir $(wildcard $(addsuffix /*.py,model anonymizers analytic demo benchmarks tests)))))

# Recordings and checkpoints for development, where they lie beside the checkout. Neither is needed.
ifneq ($(wildcard ../shared/audio/.),)
HEARKEN_AUDIO_PACK ?= $(abspath ../shared/audio)
export HEARKEN_AUDIO_PACK
endif
ifneq ($(wildcard ../shared/weights/.),)
HEARKEN_WEIGHTS ?= $(abspath ../shared/weights)
export HEARKEN_WEIGHTS
endif

# Without a working interpreter, or made for another folder: made anew, whatever the dates of the files say.
ifneq ($(shell $(RUN) -c '' 2>/dev/null && cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): FORCE
endif

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(firstword $(MAKEFILE_LIST)) | awk -F': ' '{ printf "make %-13s %s\n", $$1, $$2 }'

setup: $(STAMP) ## make .venv with everything that the other commands need
	@echo "$(VENV) is ready"

$(STAMP): pyproject.toml requirements-build.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Hearken needs Python 3.11 or newer as '$(PYTHON)'. Name another one: make setup PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	    || { echo "'$(PYTHON)' cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@rm -f $(STAMP)
	@$(RUN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    && $(RUN) -m pip --version >/dev/null 2>&1 \
	    && head -n 1 $(VENV)/bin/pip | grep -qF '#!$(CURDIR)/$(VENV)/bin/' \
	    || { echo "Making $(VENV)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing the packages of requirements-dev.txt into $(VENV); the first time takes some minutes"
	@$(PIP_INSTALL) --require-hashes --requirement requirements-build.txt
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.txt
	@$(PIP_INSTALL) --no-deps --editable .
	@printf '%s\n' '$(CURDIR)' > $(STAMP)

demo: $(STAMP) ## start the service, send it sound and show the alarms; SOUND=FILE takes your own
	@$(RUN) -m demo $(if $(SOUND),'$(SOUND)') $(ARGS)

test: $(STAMP) ## run the tests
	@$(RUN) -m pytest $(ARGS)

check: $(STAMP) ## look at layout, lint, types, imports, licences and spelling
	@echo "ruff format: layout"
	@$(RUN) -m ruff format --check --quiet --diff .
	@echo "ruff check: lint"
	@$(RUN) -m ruff check --quiet .
	@echo "mypy: types"
	@$(RUN) -m mypy --no-error-summary $(PYTHON_FOLDERS)
	@echo "pytest: which way the imports point"
	@$(RUN) -m pytest tests/test_architecture.py -q
	@echo "reuse: licences"
	@$(RUN) -m reuse lint -q || { $(RUN) -m reuse lint --lines; exit 1; }
	@echo "codespell: spelling"
	@$(RUN) -m codespell_lib

bench: $(STAMP) ## run the benchmarks
	@$(RUN) -m benchmarks $(ARGS)

bench-events: $(STAMP) ## find alarms in soundscapes and false alarms in household days (an hour; needs recordings)
	@$(RUN) -m benchmarks.events $(ARGS)

bench-delivery: $(STAMP) ## kill the service 300 times, its sinks in every way, and count what is lost (half an hour; root)
	@$(RUN) -m benchmarks.delivery $(ARGS)

bench-privacy: $(STAMP) ## attack every anonymiser: what leaks, what it costs (half an hour; needs espeak-ng and recordings)
	@$(RUN) -m benchmarks.privacy $(ARGS)

bench-recordings: $(STAMP) ## hear two hours of video by address, kill the service meanwhile, price the sandbox (half an hour)
	@$(RUN) -m benchmarks.recordings $(ARGS)

fuzz: $(STAMP) ## decode 20,000 damaged files, and guided ones for an hour (more than an hour; the latter need atheris)
	@$(RUN) -m benchmarks.fuzz $(ARGS)

homeassistant: $(HOME_ASSISTANT_STAMP) ## make .homeassistant, so that `make test` asks a real Home Assistant (and Mosquitto)
	@echo "$(HOME_ASSISTANT) is ready"

$(HOME_ASSISTANT_STAMP): tests/homeassistant/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	    || { echo "Home Assistant 2024.3 needs Python 3.11 or 3.12: make homeassistant PYTHON=python3.11" >&2; exit 1; }
	@echo "Making $(HOME_ASSISTANT); this takes a minute and 350 MB"
	@$(PYTHON) -m venv --clear $(HOME_ASSISTANT)
	@$(HOME_ASSISTANT)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --requirement $<
	@touch $@

serve: $(STAMP) ## start the service on this machine
	@$(VENV)/bin/hearken serve $(ARGS)

lock: ## choose the newest versions that pyproject.toml allows and write requirements*.txt
	@PYTHON='$(PYTHON)' .ci/lock $(ARGS)

clean: ## remove caches and builds; .venv stays
	@rm -rf build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./$(VENV) -prune -o -path ./$(HOME_ASSISTANT) -prune -o -path ./.git -prune -o -type d -name __pycache__ -exec rm -rf {} +
