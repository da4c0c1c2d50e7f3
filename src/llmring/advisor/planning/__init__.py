"""The plan of a request: from its intents to changes of the lockfile, or to a question back."""
