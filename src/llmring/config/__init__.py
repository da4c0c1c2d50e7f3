"""Settings, the environment, and the lockfile that calls use."""
