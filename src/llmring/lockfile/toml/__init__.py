"""TOML whose layout is kept."""
