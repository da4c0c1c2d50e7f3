"""The clauses of edits, one module for each kind."""
