"""Prompts over the blocks of a table: their columns, and the journal of their answers."""
