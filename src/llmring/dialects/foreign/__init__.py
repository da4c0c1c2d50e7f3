"""Content of one API, as other APIs take it."""
