"""Real client programs, run through `llmring serve`; see `tools/real_clients.sh`."""
