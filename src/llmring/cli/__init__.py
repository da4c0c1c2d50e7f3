"""The same, in a terminal: one file a command, loaded when it is called."""
