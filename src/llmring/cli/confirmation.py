"""The user's answer to a question of a command."""


def is_yes(answer: str) -> bool:
    """Return True for y or yes; an empty answer is a no."""
    return answer.strip().lower() in ("y", "yes")
