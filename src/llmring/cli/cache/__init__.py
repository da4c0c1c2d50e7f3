"""The command that removes the answers a gateway keeps."""
