"""Lockfiles: aliases, profiles and the models they are bound to."""
