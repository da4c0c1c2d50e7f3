"""Pacing: how fast and how many at a time the requests of a batch go to a model."""
