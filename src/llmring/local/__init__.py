"""Providers on this machine: a small real model, and a mock."""
