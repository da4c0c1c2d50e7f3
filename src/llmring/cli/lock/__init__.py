"""The commands that begin with `llmring lock`, and the terminal of its chat."""
