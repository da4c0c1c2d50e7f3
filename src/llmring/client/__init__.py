"""LLMRing and the execution of its calls."""
