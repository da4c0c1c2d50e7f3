"""The port of `llmring serve`."""

# Where it listens by default, and where the situation in a folder looks for it.
GATEWAY_PORT = 4180
