"""Answers that come from recordings, scripts and scripted faults."""
