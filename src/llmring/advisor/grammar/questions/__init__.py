"""Questions: the clauses that change nothing."""
