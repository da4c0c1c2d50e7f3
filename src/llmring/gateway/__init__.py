"""The gateway: the lockfile behind HTTP, for clients of five APIs."""
