"""Commands that manage the keys of the gateway."""
