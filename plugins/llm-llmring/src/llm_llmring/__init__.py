"""The aliases of a llmring lockfile as models of llm (https://llm.datasette.io/)."""

__version__ = "2.0.0"
