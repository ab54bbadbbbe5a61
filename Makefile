# `make` or `make help` says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
READY := .venv/ready
PROTO := $(shell find proto -name '*.proto' 2>/dev/null)

.PHONY: help venv system test-system up down demo test test-fast lint docs format charts bench-eventstore bench-interconnect bench-proof bench-signatures bench-tray corpus drill faults gap mutate lock conformance check-fresh clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1mmake %-17s\033[0m %s\n", $$1, $$2}'

venv: $(READY)  ## the Python environment in .venv, alone

$(READY): requirements-dev.lock pyproject.toml tools/setup/venv.sh $(PROTO)
	tools/setup/venv.sh
	@touch $@

system:  # RabbitMQ, PDF tools, fonts: installed when root, else named
	@tools/setup/install-apt.sh

up: system $(READY)  ## start the platform in the background, with the demo's agencies
	@$(BIN)/lienthong up

down: $(READY)  ## end what `make up` started
	@$(BIN)/lienthong down

demo: system $(READY)  ## a signed directive through four tiers; report in build/demo
	@$(BIN)/lienthong demo

test-system: system  # without root the tests that need these are skipped
	@tools/setup/install-apt.sh $$(grep -v '^#' tools/setup/apt-test-packages.txt) || true

test: test-system $(READY)  ## all tests, on servers of their own
	$(BIN)/pytest -n 2 --dist loadfile tests/unit tests/contract tests/architecture tests/integration
	$(BIN)/pytest tests/system tests/fault

test-fast: $(READY)  ## tests that need no server
	$(BIN)/pytest -n 2 tests/unit tests/contract

lint: $(READY)  ## style, types, imports between parts, event contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd proto && ../$(BIN)/buf lint
	cd proto && ../$(BIN)/buf breaking --against "$$(ls -d released/*/ | sort -V | tail -1)"
	$(BIN)/python -m tools.docs.events --check
	$(BIN)/python -W ignore -m tools.docs.openapi --check

docs: $(READY)  ## write the event catalogue and the joined OpenAPI anew
	$(BIN)/python -m tools.docs.events
	$(BIN)/python -W ignore -m tools.docs.openapi

format: $(READY)  ## put the code in its usual form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

charts: $(READY)  ## render and check the deployment
	tools/charts/check.sh

bench-eventstore: system $(READY)  ## the event store against raw PostgreSQL and its peers
	$(BIN)/python -m tools.bench.eventstore --pg15

bench-interconnect: system $(READY)  ## issue to receipt, what a document costs, how large one may be
	@$(BIN)/python -W ignore -m tools.bench.interconnect

bench-proof: system $(READY)  ## what sealing costs; how soon an event is signed, proven, verified
	$(BIN)/python -m tools.bench.proof

bench-signatures: system $(READY)  ## how fast signatures are made and judged; what a request feels of it
	@$(BIN)/python -W ignore -m tools.bench.signatures

bench-tray: test-system $(READY)  ## a leader's tray of 100 documents over SoftHSM
	@$(BIN)/python -W ignore -m tools.bench.tray

corpus: $(READY)  ## hostile PDFs: build, judge, compare with the table
	@$(BIN)/python -W ignore -m tools.corpus

faults: test-system $(READY)  ## every fault many times; docs/operations/fault-report.md
	$(BIN)/python -m tools.faults
	MODEL_RUNS=5000 $(BIN)/pytest tests/unit/messaging_model -k skipped

drill: system $(READY)  ## back up an installation, lose it, restore it twice, verify it
	@$(BIN)/python -W ignore -m tools.drill

gap: $(READY)  ## ten minutes of writers, kills and restarts: does a reader miss an event?
	$(BIN)/python -m tests.fault.gap --minutes 10

mutate: $(READY)  ## change the rules' code in small ways: do unit tests notice?
	$(BIN)/python -m tools.mutation

lock: $(READY)  ## lock the requirements anew, to the newest versions allowed
	cd $(CURDIR) && for each in requirements requirements-dev; do \
	  UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --universal --upgrade \
	    --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $$each.in -o $$each.lock; done

conformance: $(READY)  ## golden edXML files and, where present, real packets
	$(BIN)/python -m tools.edxml.conformance

check-fresh: $(READY)  ## fail if something is installed that no install step names
	$(BIN)/python -m tools.setup.check_fresh

clean:  ## stop the platform and remove its data, and all that was built; .venv stays
	@[ ! -x $(BIN)/lienthong ] || $(BIN)/lienthong down
	@cat build/*/postgres/{elsewhere,sockets.path} 2>/dev/null | xargs -r rm -rf -- || true
	rm -rf build .hypothesis .mypy_cache .ruff_cache
