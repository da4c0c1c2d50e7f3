"""Answers to questions, computed from the registry and the lockfile; they change nothing."""
