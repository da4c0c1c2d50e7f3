"""The advisor: a conversation that edits a lockfile, led by a model or by rules."""
