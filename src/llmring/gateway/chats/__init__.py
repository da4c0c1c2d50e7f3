"""The reading of chats, and the writing of their answers."""
