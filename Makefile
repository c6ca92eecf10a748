# Thin names for the three doors: python -m servers, python -m loadtests, python -m dashboards.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin

# The stamps carry the lock's checksum: an unchanged lock installs nothing.
RUNTIME := .venv/.runtime-$(shell cksum < requirements.lock | cut -d' ' -f1)
DEVELOP := .venv/.develop-$(shell cksum < requirements-dev.lock | cut -d' ' -f1)

EXP ?= tour
RUN ?= results/latest
PROFILE ?= uvloop
CPU_MS ?= 1
WAIT_MS ?= 100
CONCURRENCY ?= 100
WSGI ?= gthread
ASGI ?= uvloop
N ?=

.PHONY: help demo test check format bench run resume report runs compare advise live replay lesson serve exporter metrics up against down test-alone test-runs test-report test-services test-live test-lessons test-stack dashboards lock vendor clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## install what is missing, run the tour (about 90 s), write the report
	@$(BIN)/python -m loadtests run tour
	@$(BIN)/python -m dashboards report results/latest

# Two processes share most tests; those that measure strictly have the machine to themselves.
test: $(DEVELOP) ## the test suite; the targets below are its other parts
	@$(BIN)/python -m pytest -m "not alone and not runs and not report and not live and not lessons and not services" -n 2 --dist loadfile --no-loadscope-reorder

test-alone: $(DEVELOP) ## what measures time strictly, one test at a time (three to six minutes)
	@$(BIN)/python -m pytest -m alone

test-runs: $(DEVELOP) ## Locust and experiments as users run them, faults included (one to four minutes)
	@$(BIN)/python -m pytest -m "runs and not alone" -n 2 --dist loadfile --no-loadscope-reorder

test-report: $(DEVELOP) ## the report and the lessons' pages in a real Chromium (one to three minutes)
	@$(BIN)/python -m pytest -m report -n 2 --dist loadfile --no-loadscope-reorder

test-services: $(DEVELOP) ## every profile on what it calls: a database, another service, jobs, streams (two to six minutes)
	@$(BIN)/python -m pytest -m services -n 2 --dist loadfile --no-loadscope-reorder

test-live: $(DEVELOP) ## the live page, driven in a real Chromium (three to six minutes)
	@$(BIN)/python -m pytest -m live

test-lessons: $(DEVELOP) ## every lesson for real: in its time, and its text true on this machine
	@$(BIN)/python -m pytest -m lessons

check: $(DEVELOP) ## format, lint and types, changing nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(DEVELOP) ## format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(DEVELOP) ## the testbed's own performance, as ratios, into results/bench.json
	@$(BIN)/python -m tests.benchmarks

run: $(RUNTIME) ## one experiment and its report: make run EXP=blocking [EXPLAIN=1]
	@$(BIN)/python -m loadtests run $(EXP)$(if $(EXPLAIN), --explain)
	@$(BIN)/python -m dashboards report results/latest

resume: $(RUNTIME) ## go on with an interrupted run: make resume RUN=results/tour/…
	@$(BIN)/python -m loadtests run --resume $(RUN)
	@$(BIN)/python -m dashboards report $(RUN)

report: $(RUNTIME) ## analyze and report a saved run again: make report RUN=results/tour/…
	@$(BIN)/python -m loadtests analyze $(RUN)
	@$(BIN)/python -m dashboards report $(RUN)

runs: $(RUNTIME) ## the saved runs, the newest first
	@$(BIN)/python -m loadtests runs

compare: $(RUNTIME) ## two saved runs: make compare A=results/… B=results/… [UNLIKE=1]
	@$(BIN)/python -m loadtests compare $(A) $(B) $(if $(UNLIKE),--unlike)

advise: $(RUNTIME) ## what to choose for your work: make advise CPU_MS=2 WAIT_MS=100 CONCURRENCY=200
	@$(BIN)/python -m loadtests advise --cpu-ms $(CPU_MS) --wait-ms $(WAIT_MS) --concurrency $(CONCURRENCY) $(ADVISE) $(RUN)

live: $(RUNTIME) ## both twins live in a page: make live [WSGI=sync ASGI=asgi PORT=8000]
	@$(BIN)/python -m dashboards live --wsgi $(WSGI) --asgi $(ASGI) $(if $(PORT),--port $(PORT))

replay: $(RUNTIME) ## a recorded run in the same page, without any load: make replay RUN=results/tour/…
	@$(BIN)/python -m dashboards live --replay $(RUN) $(if $(PORT),--port $(PORT))

lesson: $(RUNTIME) ## predict, run, explain: make lesson N=1 [REPLAY=1]; without N the list
	@$(BIN)/python -m loadtests lesson $(N) $(if $(REPLAY),--replay)
	@$(if $(N),$(BIN)/python -m dashboards lesson results/latest)

serve: $(RUNTIME) ## one profile in the foreground: make serve PROFILE=sync
	@$(BIN)/python -m servers $(PROFILE)

exporter: $(RUNTIME) ## /metrics of every server and load generator that runs here
	@$(BIN)/python -m servers.exporter

dashboards: $(DEVELOP) ## make the dashboards from their code, and fail if they were not as made
	@$(BIN)/python -m dashboards grafana --check || { $(BIN)/python -m dashboards grafana; exit 1; }

metrics: $(RUNTIME) ## Prometheus beside the running testbed, without Docker, until Ctrl-C
	@$(BIN)/python -m dashboards.metrics $(if $(PROMETHEUS_PORT),--port $(PROMETHEUS_PORT)) $(if $(EXPORTER_PORT),--exporter-port $(EXPORTER_PORT))

up: ## the Docker stack: make up WSGI_PROFILE=gthread ASGI_PROFILE=hybrid LOCUST_WORKERS=2
	@sh dashboards/stack/compose.sh up

against: ## an experiment against the running stack: make against EXP=tour
	@sh dashboards/stack/compose.sh against $(EXP)

down: ## end the Docker stack; nothing of it is left
	@sh dashboards/stack/compose.sh down

test-stack: $(DEVELOP) ## the Docker stack brought up and down; needs Docker, or root and Debian
	@$(BIN)/python -m pytest tests/stack/whole_stack.py

lock: ## resolve the dependencies again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --upgrade pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

vendor: $(RUNTIME) ## build the pages' chart libraries again (needs npm)
	@$(BIN)/python -m dashboards vendor

clean: ## remove the environment and every cache; results stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  if $(PYTHON) -V >/dev/null 2>&1; then found="is $$($(PYTHON) -V 2>&1 | head -n 1)"; else found="cannot be run"; fi; \
	  echo "error: $(PYTHON) $$found, this needs Python 3.11 or later: install it (Debian: apt install python3; macOS: brew install python), then make PYTHON=python3.11 …" >&2; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { \
	  echo "error: $(PYTHON) cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv), then run this again" >&2; exit 1; }
	@echo "Installing into .venv (once, about a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@rm -f .venv/.runtime-* && touch $@

$(DEVELOP): $(RUNTIME) requirements-dev.lock
	@echo "Installing the test tools into .venv (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@rm -f .venv/.develop-* && touch $@
