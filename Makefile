# Everything starts here. It needs only python3 (3.11 or newer) with its venv module.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never

.PHONY: help batch-kills batch-soak demo test test-gateway test-batch test-half test-rest api calendar calendar-batch calendar-half calendar-rest examples contract chaos bench bench-batch bench-faults bench-gateway gateway-faults bench-holding bench-instructions bench-ledger fuzz-answers fuzz-api soak guard recordings replicas threats trace lint format lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: .venv/runtime ## Run the main job: a chat through an alias, with failover, on a real local model
	$(BIN)/llmring local pull || true
	$(BIN)/llmring demo

# Parts of about the same time; many tests wait for a server or a process most of theirs.
BATCH := batch docs pacing
HALF := advisor architecture audit chat cli config contract dialects files json_schema ledger limits \
	lockfile packing providers registry routing scan

test: .venv/dev ## Run all tests, in four processes
	printf 'gateway\nhalf\nrest\nbatch\n' | xargs -P 4 -I PART $(MAKE) --no-print-directory test-PART

test-gateway: .venv/dev
	$(BIN)/pytest tests/gateway

test-batch: .venv/dev
	$(BIN)/pytest $(BATCH:%=tests/%)

test-half: .venv/dev
	$(BIN)/pytest $(HALF:%=tests/%)
	$(BIN)/pytest plugins/llm-llmring

test-rest: .venv/dev
	$(BIN)/pytest --ignore tests/gateway $(HALF:%=--ignore tests/%) $(BATCH:%=--ignore tests/%)

api: .venv/dev ## List the public names with their signatures and fields in docs/api.txt
	$(BIN)/python tools/api_list.py

# These tests do not depend on the date: parsers, wire formats, transport, and the slowest ones.
TIMELESS := advisor architecture batch/input batch/ray batch/vendors bridge chaos chat contract dialects json_schema local lockfile \
	packaging packing pacing providers scan telemetry transport \
	cli/test_output.py cli/test_piped_input.py client/test_application_code.py \
	client/test_cancelled_calls.py client/test_damaged_answers.py client/test_empty_answers.py \
	client/test_recordings.py client/replies/test_refused_answers.py client/replies/test_streamed_attempts.py \
	client/test_refusals.py client/replies/test_stream_patience.py client/tools \
	docs/test_gateway_benchmark.py docs/test_real_clients.py docs/test_reliability.py gateway \
	docs/test_ledger_benchmark.py docs/test_batch_benchmarks.py answer_cache \
	ledger/test_spool.py ledger/test_outage.py \
	ledger/test_writer.py limits/test_redis_circuits.py limits/test_redis_nonsense.py \
	limits/test_blocking_redis.py limits/test_count_link.py limits/test_count_rules.py \
	limits/test_fair_line.py limits/test_lease_broker.py limits/test_leases.py \
	limits/test_redis_counts.py limits/test_slots.py \
	replay/test_recordings_at_once.py testing/test_isolation.py

calendar: .venv/dev ## Run the tests that could depend on the date, DAYS (default 365) days later, in three processes
	printf 'batch\nhalf\nrest\n' | xargs -P 3 -I PART $(MAKE) --no-print-directory calendar-PART

LATER := CLOCK_DAYS=$(or $(DAYS),365) PYTHONPATH=$(CURDIR)/tests/moved_clock $(BIN)/pytest -q
dated = $(addprefix tests/,$(filter-out $(TIMELESS),$(1))) $(TIMELESS:%=--ignore tests/%)

calendar-batch: .venv/dev
	$(LATER) $(call dated,$(BATCH))

calendar-half: .venv/dev
	$(LATER) $(call dated,$(HALF))

calendar-rest: .venv/dev
	$(LATER) $(HALF:%=--ignore tests/%) $(BATCH:%=--ignore tests/%) $(TIMELESS:%=--ignore tests/%)

examples: .venv/dev ## List the models in docs and help texts that retire within 90 days
	$(BIN)/python tools/examples.py

contract: .venv/dev ## Run the tests of the lockfile and gateway contracts, and write docs/contract.md
	$(BIN)/python tools/contract_table.py

chaos: .venv/dev ## Make REQUESTS calls with each fault, and write docs/reliability.md
	PYTHONPATH=tests $(BIN)/python -m chaos.report --requests $(or $(REQUESTS),5000) \
		--save docs/reliability.md

replicas: .venv/dev ## Kill one of three gateways behind nginx, and restart PostgreSQL and Redis, for SECONDS (default 60)
	PYTHONPATH=tests $(BIN)/python -m replicas --seconds $(or $(SECONDS),60)

recordings: .venv/dev ## Send all recordings of real replies through the gateway, to the SDKs of all APIs
	RECORDINGS=all $(BIN)/pytest -q tests/gateway/recorded

threats: .venv/dev ## Run the tests of each guard, and write docs/reliability.md
	PYTHONPATH=tests $(BIN)/python -m chaos.threats --save docs/reliability.md

bench: ## Measure llmring and its peers, and write docs/benchmarks.md; ROUNDS=n, ONLY=names, QUICK=1
	$(PYTHON) benchmarks/bench.py --peers .venv-peers --save docs/benchmarks.md \
		--rounds $(or $(ROUNDS),5) $(if $(ONLY),--only "$(ONLY)") $(if $(QUICK),--quick)

bench-gateway: ## Measure llmring serve and other gateways, and write docs/benchmarks.md; ROUNDS=n, ONLY=names
	$(PYTHON) benchmarks/gateway_bench.py --peers .venv-peers --save docs/benchmarks.md \
		--rounds $(or $(ROUNDS),3) $(if $(ONLY),--only "$(ONLY)")

guard: .venv/dev ## Fail if the hottest paths call many more functions than before
	$(BIN)/python benchmarks/guard.py

trace: .venv/dev ## Count the files and functions of a warm call, and compare its CPU with aiohttp's
	$(BIN)/python benchmarks/trace_call.py --cpu

bench-faults: .venv/dev .venv-peers/done ## Make calls with each fault in LiteLLM and the OpenAI SDK
	PYTHONPATH=tests $(BIN)/python benchmarks/faults.py --requests $(or $(REQUESTS),1000) \
		--peers .venv-peers --save docs/reliability.md

gateway-faults: .venv/dev ## Make ROUNDS calls with each fault through gateways, and write docs/reliability.md
	$(BIN)/python benchmarks/gateway_faults.py --peers .venv-peers --rounds $(or $(ROUNDS),3) \
		--save docs/reliability.md

bench-ledger: .venv/dev ## Measure the ledger with ROWS calls (default 1000000), and write docs/benchmarks.md
	$(BIN)/python benchmarks/ledger_bench.py --rows $(or $(ROWS),1000000) --save docs/benchmarks.md

bench-batch: .venv/dev ## Measure batches and a loop of calls, and write docs/benchmarks.md; SIZES="rows ..."
	$(BIN)/python benchmarks/batch_bench.py --save docs/benchmarks.md $(if $(SIZES),--sizes $(SIZES))

batch-kills: .venv/dev ## Kill a batch KILLS times (default 50) and start it again, and write docs/reliability.md
	$(BIN)/python benchmarks/batch_kills.py --kills $(or $(KILLS),50) --save docs/reliability.md

batch-soak: .venv/dev ## Send ROWS rows (default 1000000) under faults, and write docs/reliability.md
	$(BIN)/python benchmarks/batch_soak.py --rows $(or $(ROWS),1000000) --save docs/reliability.md

bench-holding: .venv/dev ## Measure how long hostile answers hold the event loop, and write docs/reliability.md
	PYTHONPATH=tests $(BIN)/python -m chaos.holding --save docs/reliability.md

bench-instructions: ## Count the instructions of a call and of a chunk, and write docs/benchmarks.md
	$(PYTHON) benchmarks/instructions.py --peers .venv-peers --save docs/benchmarks.md

fuzz-answers: .venv/dev ## Read damaged HTTP for SECONDS (default 600) with CLIENT (asyncio or blocking)
	PYTHONPATH=tests $(BIN)/python -m transport.contract.fuzz_answers \
		--seconds $(or $(SECONDS),600) --client $(or $(CLIENT),asyncio)

soak: .venv/dev ## Keep a gateway under streams and calls for MINUTES (default 30), and write docs/reliability.md
	$(BIN)/python benchmarks/gateway_soak.py --minutes $(or $(MINUTES),30) --save docs/reliability.md

fuzz-api: .venv/dev ## Send made-up requests to all endpoints of a gateway for SECONDS (default 600)
	PYTHONPATH=tests $(BIN)/python -m gateway.openapi.fuzz_api --seconds $(or $(SECONDS),600)

lint: .venv/dev ## Check format, style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd plugins/llm-llmring && $(CURDIR)/$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/uv ## Update uv.lock
	$(BIN)/uv lock

clean: ## Remove everything that the other targets built
	rm -rf .venv .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/uv:
	$(PYTHON) -c 'import sys; sys.exit("llmring needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

# Some machines have no wheel of the local model's runtime; everything else works without it.
.venv/runtime: .venv/uv pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --locked --inexact --no-dev --extra local \
		|| $(BIN)/uv sync --quiet --locked --inexact --no-dev
	touch $@

.venv/dev: .venv/runtime
	$(BIN)/uv sync --quiet --locked --inexact --extra local \
		|| $(BIN)/uv sync --quiet --locked --inexact
	touch $@

.venv-peers/done: benchmarks/peers.py
	$(PYTHON) benchmarks/peers.py .venv-peers litellm openai
	touch $@
