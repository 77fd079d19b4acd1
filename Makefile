# Every command of the project. The first one sets up what it needs: a private uv, the locked packages (the Java runtime and
# the PostgreSQL server among them) in .venv, and at the first start of a broker its verified jars in .tools.
SHELL      := /bin/bash
# the system's own where it will do: distributions build theirs optimised, version switchers seldom do (a third slower)
PYTHON     ?= $(shell for p in /usr/bin/python3 python3; do \
                  (cd / && $$p -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))') 2>/dev/null && break; \
                done; echo $$p)
UV_VERSION := 0.13.9
TOOLS      := .tools/uv-$(UV_VERSION)
UV         := $(TOOLS)/bin/uv
READY      := .venv/.synced
BIN        := .venv/bin
RUN        := $(BIN)/python -m
# two at a time, each with servers of its own; a file's tests stay together, in the order of tests/conftest.py
TESTS      := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
# asked for outside the checkout: a version switcher must not choose by the file .python-version here
CHOSEN      = $(shell cd / && $(PYTHON) -c 'import sys; print(sys.executable)')

export UV_PROJECT_ENVIRONMENT := .venv
# zones come from the locked tzdata package, never from the system's tables
export PYTHONTZPATH :=
unexport VIRTUAL_ENV
unexport PYTHONPATH
unexport PYTHONHOME

.DEFAULT_GOAL := help

.PHONY: help
help: ## Print this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: $(READY) ## Start the whole system on this machine and watch it work; Ctrl-C ends it.
	@exec $(RUN) deploy.local run

.PHONY: up
up: $(READY) ## Start the system of `make run` in the background.
	@$(RUN) deploy.local up

.PHONY: down
down: $(READY) ## End the system in the background.
	@$(RUN) deploy.local down

.PHONY: logs
logs: $(READY) ## Follow the logs of the system in the background.
	@exec $(RUN) deploy.local logs

.PHONY: check
check: $(READY) ## Lint, types, import contracts, and that the generated files are fresh.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(RUN) shared.events.contracts --check

.PHONY: test
test: check setup-tests ## Check, then every suite on a real broker and database.
	$(TESTS) -m "not long"

.PHONY: test-fast
test-fast: $(READY) ## What needs no broker and no database, with few examples of each property, within a minute.
	@$(TESTS) -m "not stack and not long" --hypothesis-profile=fast

.PHONY: test-all
test-all: check setup-tests ## Every suite, and the outages of minutes, long state machines and full matrices.
	$(TESTS)

.PHONY: mutants
mutants: $(READY) ## Remove one guarantee after the other and see that the suite notices each.
	@$(RUN) tests.mutants

.PHONY: chaos
chaos: $(READY) ## Kill everything for a minute and count what was lost; JSON=<file> keeps the figures.
	@$(RUN) tests.chaos $(if $(JSON),--json "$(JSON)")

.PHONY: bench
bench: $(READY) ## Measure throughput, latency and memory; JSON=<file> keeps the figures.
	@$(RUN) benchmarks $(if $(JSON),--json "$(JSON)")

.PHONY: simulate
simulate: $(READY) ## Play a capture and balance the books: FEED=<capture> FROM=<date> DAYS=<n> JSON=<file> DECISIONS=<file> KILL_EVERY=<seconds> AWAY=<service>:<date>:<days> PARTITIONS=<n>.
	@$(RUN) simulation simulate $(if $(FEED),--feed "$(FEED)") $(if $(FROM),--from "$(FROM)") $(if $(DAYS),--days "$(DAYS)") \
	  $(if $(JSON),--json "$(JSON)") $(if $(DECISIONS),--decisions "$(DECISIONS)") \
	  $(if $(KILL_EVERY),--kill-every "$(KILL_EVERY)") $(if $(AWAY),--away "$(AWAY)") $(if $(PARTITIONS),--partitions "$(PARTITIONS)")

.PHONY: pictures
pictures: $(READY) ## Take the pictures of the README anew from a running system.
	@mkdir -p docs/pictures && PICTURES=docs/pictures $(BIN)/pytest tests/browser/test_journey.py

.PHONY: contracts
contracts: $(READY) ## Write the schemas and documents of the events anew from their classes; note new revisions of fees and programs.
	@$(RUN) tests.contracts.consumers
	@$(RUN) shared.events.contracts
	@$(RUN) tests.contracts.revisions

.PHONY: setup
setup: $(READY) ## Fetch everything now, so that all that follows works without network.
	@$(RUN) deploy.local.jars install
	@$(RUN) deploy.local.aot

.PHONY: setup-tests
setup-tests: setup ## Fetch what only the tests need, a browser.
	@$(RUN) tests.browser.chromium

.PHONY: lock
lock: $(READY) ## Resolve packages and broker jars anew and lock them, for maintainers.
	$(UV) lock --upgrade
	$(RUN) deploy.local.jars lock

.PHONY: image
image: ## Build the image of one service: SERVICE=<name> TAG=<tag>; it needs Docker.
	@test -n "$(SERVICE)" -a -f "services/$(SERVICE)/app.py" || \
	  { echo "Name a service: make image SERVICE=referral"; exit 1; }
	docker build --file deploy/Dockerfile --target service --build-arg SERVICE=$(SERVICE) --build-arg UV_VERSION=$(UV_VERSION) \
	  --tag rehab/$(SERVICE):$(or $(TAG),local) .

.PHONY: clean
clean: ## Forget the data, logs and caches; what was fetched stays.
	@if [ -x $(BIN)/python ]; then $(RUN) deploy.local down; fi
	@for place in .local/state/postgres/elsewhere; do if [ -f $$place ]; then rm -rf "$$(cat $$place)"; fi; done
	rm -rf .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +

$(UV):
	@test -x "$(CHOSEN)" || { echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name one: make PYTHON=..."; exit 1; }
	@"$(CHOSEN)" -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one: make PYTHON=python3.x")'
	@"$(CHOSEN)" -c 'import ensurepip' || { echo "Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up, once: uv $(UV_VERSION) into $(TOOLS), the locked packages into .venv; about 300 MB, a minute or a few"
	@"$(CHOSEN)" -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir uv==$(UV_VERSION)

$(READY): pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --quiet --python "$(CHOSEN)"
	@touch $@
