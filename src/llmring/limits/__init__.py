"""Admission of calls: rates, concurrency, budgets."""
