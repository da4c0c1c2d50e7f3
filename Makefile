# One door for everything. It needs nothing but python3 (3.11 or newer) with its venv module.
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never

.PHONY: help demo test contract chaos bench bench-faults guard trace lint format lock clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: .venv/runtime ## The main job, live: a chat through an alias, with failover, on a real model
	$(BIN)/llmring local pull || true
	$(BIN)/llmring demo

test: .venv/dev ## All tests
	$(BIN)/pytest

contract: .venv/dev ## The rows of the lockfile contract and their tests, as docs/contract.md
	$(BIN)/python tools/contract_table.py

chaos: .venv/dev ## Every fault, REQUESTS calls each, and what became of them, in docs/reliability.md
	PYTHONPATH=tests $(BIN)/python -m chaos.report --requests $(or $(REQUESTS),5000) \
		--save docs/reliability.md

bench: ## llmring and its peers measured in one run, in docs/benchmarks.md; ROUNDS=n, ONLY=names, QUICK=1
	$(PYTHON) benchmarks/bench.py --peers .venv-peers --save docs/benchmarks.md \
		--rounds $(or $(ROUNDS),5) $(if $(ONLY),--only "$(ONLY)") $(if $(QUICK),--quick)

guard: .venv/dev ## Fail where the hottest paths call many more functions than they used to
	$(BIN)/python benchmarks/guard.py

trace: .venv/dev ## The files and functions that a warm call touches, and its CPU by aiohttp alone
	$(BIN)/python benchmarks/trace_call.py --cpu

bench-faults: .venv/dev .venv-peers/done ## The same faults against LiteLLM and the OpenAI SDK
	PYTHONPATH=tests $(BIN)/python benchmarks/faults.py --requests $(or $(REQUESTS),1000) \
		--peers .venv-peers --save docs/reliability.md

lint: .venv/dev ## Format, style, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev ## Put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/uv ## Renew uv.lock
	$(BIN)/uv lock

clean: ## Remove what the other targets built
	rm -rf .venv .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/uv:
	$(PYTHON) -c 'import sys; sys.exit("llmring needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

# The local model's runtime has no wheel for every machine; all else works without it.
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
