"""A sound configuration, and the findings of a check of it."""

from collections.abc import Iterable

from cli.terminal import lockfile_of
from llmring.audit.machine import Check, CheckResult, Setup, checked, look
from rings import LASTING

KEY = "sk-first-0123456789abcdef"
SOUND = (
    lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}) + LASTING + "deprecated = 9999-12-31\n"
)


def setup(profile: str | None = None) -> Setup:
    """Load the configuration of the current folder."""
    loaded = look(None, profile)
    assert isinstance(loaded, Setup), loaded
    return loaded


def findings(
    checks: Iterable[tuple[str, Check]], name: str, profile: str | None = None
) -> list[CheckResult]:
    """Run the checks of this name, and return their findings."""
    return [*checked(setup(profile), [each for each in checks if each[0] == name])]
