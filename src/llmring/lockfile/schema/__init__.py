"""The keys of a lockfile, and its JSON Schema."""
