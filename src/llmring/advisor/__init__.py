"""A conversation that proposes edits of a lockfile, and the guided mode where there is no model."""
