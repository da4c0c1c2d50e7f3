"""The capabilities, limits and prices of models."""
