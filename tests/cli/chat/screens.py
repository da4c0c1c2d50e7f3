"""A screen that records what it shows."""


class Recorder:
    """A screen for conversations without a terminal."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def piece(self, text: str) -> None:
        self.shown.append(text)

    def restart(self) -> None:
        self.shown.append("restart")

    def working(self, tool: str) -> None:
        self.shown.append(tool)

    def show(self, text: str) -> None:
        self.shown.append(text)
