"""Schemas of answers, and the columns that they give."""
