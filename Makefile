# The verbs of this checkout. Only Python 3.11 or newer, make and git are expected; the rest goes into .venv/.

VENV ?= .venv
PY := $(VENV)/bin/python
TESTS ?=
WORKERS ?= 4
# Hundreds of short-lived processes are started here: none of them should compile the same files again.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run setup test lint interop bench soak storm mutants repeat keys shots clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start the site, the worker and the simulated carrier, with demo data
	@$(call install,run,test)
	@exec $(PY) manage.py run

setup: ## only install what `make run` needs
	@$(call install,run,test)

test: ## run all tests (TESTS="tests/campaigns -k phone" for some, WORKERS=2 for fewer at once)
	@$(call install,test)
	$(PY) -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(TESTS)

lint: ## check style, types, the import rule, templates, migrations and the production settings
	@$(call install,test)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint templates --lint --quiet
	$(VENV)/bin/djlint templates --check --quiet
	$(PY) manage.py makemigrations --check --dry-run
	@$(call check_production)

interop: ## run RingCentral's own Python and JavaScript clients against the simulated carrier
	@$(call install,test)
	@$(PY) -m tests.interop.run

bench: ## measure sending, receipts, pages and the simulated carrier; BENCH="--rows 10000" STATUSES="--rows 5000" PAGES="--messages 50000" is quick
	@$(call install,test)
	$(PY) -m tests.speed.bench $(BENCH)
	$(PY) -m tests.speed.statuses $(STATUSES)
	$(PY) -m tests.speed.pages $(PAGES)
	$(PY) -m tests.simulator.speed

asked = $(foreach name,KILLS MESSAGES BATCH SEED,$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z) $($(name))))

soak: ## kill programs 200 times while 20,000 texts leave to a failing carrier (KILLS=1000 MESSAGES=100000 BATCH=100 SEED=1)
	@$(call install,test)
	$(PY) -m tests.faults.soak $(asked)

storm: ## hand 100,000 texts over to a failing carrier and to a good one, and compare (MESSAGES=10000 BATCH=1000 SEED=1)
	@$(call install,test)
	$(PY) -m tests.faults.storm $(asked)

TIMES ?= 10

mutants: ## break the send path on purpose, once for each safeguard, and see that a test notices
	@$(call install,test)
	$(PY) -m tests.faults.mutants

repeat: ## run the tests of faults ten times in a row, each time in another order and with other games (TIMES=3)
	@$(call install,test)
	@for turn in $$(seq $(TIMES)); do \
	  echo "Turn $$turn of $(TIMES)"; \
	  MODEL_GAMES=20 $(PY) -m pytest -q -n $(WORKERS) --dist loadscope tests/faults || exit 1; \
	done; \
	echo "$(TIMES) of $(TIMES) turns green"

keys: ## run the tests with each sentence as a bare key: those marked `wording` are left out
	@$(call install,test)
	CARILLON_SENTENCES=keys $(PY) -m pytest -q -n $(WORKERS) --dist loadscope $(TESTS)

shots: ## take a picture of every page, light, dark and phone width, into shots/
	@$(call install,test)
	$(PY) -m tests.browser.shots $(SHOTS)

clean: ## forget the virtual environment; your data in var/ stays
	rm -rf $(VENV)

# The first Python that is new enough and really starts: a name on the PATH may be a stub that only complains.
define find_python
for name in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
done; \
if [ -z "$$found" ]; then \
  echo "Carillon needs Python 3.11 or newer; the newest found here is $$(python3 --version 2>/dev/null || echo none)."; \
  echo "Install one, or name it: make PYTHON=/path/to/python3.12 run"; exit 1; \
fi
endef

# Nothing is done while a lock of this list is the one that was installed last. $(1): the lock to install;
# $(2): another lock that holds all of it.
define install
set -eu; found=; \
for lock in $(1) $(2); do \
  if cmp -s requirements/$$lock.txt $(VENV)/installed.txt && $(PY) -c '' 2>/dev/null; then exit 0; fi; \
done; \
if ! $(PY) -m pip --version >/dev/null 2>&1; then \
  $(find_python); \
  echo "Making $(VENV) with $$("$$found" --version)."; \
  "$$found" -m venv --clear $(VENV) || { \
    echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }; \
fi; \
rm -f $(VENV)/installed.txt; \
echo "Installing $$(grep -c == requirements/$(1).txt) packages, each checked against its known hash; about a minute."; \
$(PY) -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r requirements/$(1).txt; \
cp requirements/$(1).txt $(VENV)/installed.txt
endef

define check_production
set -eu; scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
echo "$(PY) manage.py check --deploy, with production settings"; \
env ENV_FILE=/dev/null VAR_DIR="$$scratch" DEBUG=false HTTPS=true BEHIND_PROXY=true ALLOWED_HOSTS=texts.example.com \
  SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
  RINGCENTRAL_CLIENT_ID=lint RINGCENTRAL_CLIENT_SECRET=lint RINGCENTRAL_JWT=eyJhbGciOiJub25lIn0.e30.c2ln \
  $(PY) manage.py check --deploy --fail-level WARNING
endef
