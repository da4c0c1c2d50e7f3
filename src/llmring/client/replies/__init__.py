"""The replies to attempts: read, judged as they come, and kept where a provider refuses."""
