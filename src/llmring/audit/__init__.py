"""Checks of what a lockfile and a machine look like."""
