"""Support for programs that pack applications, such as PyInstaller."""
