"""Commands that manage the teams that keys of the gateway belong to."""
