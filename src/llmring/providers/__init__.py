"""Providers: the table, presets and endpoints."""
