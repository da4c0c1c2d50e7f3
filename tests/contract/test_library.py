"""Libraries that bring a lockfile of their own, and applications that override it."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import lockfile_of, write
from contract.conftest import MakePackage
from contract.programs import run_python_offline
from llmring import LLMResponse, LLMRing, MissingAliasesError
from llmring.testing.fake_vendors import DemoServer

# The pattern of the contract, in the shape that its users copy.
LIBRARY = """
from pathlib import Path
from llmring import LLMRing

DEFAULT_LOCKFILE = Path(__file__).parent / "llmring.lock"
REQUIRED_ALIASES = ["summarizer"]

class MyLibrary:
    def __init__(self, lockfile_path=None):
        lockfile = lockfile_path or DEFAULT_LOCKFILE
        self.ring = LLMRing(lockfile_path=lockfile)
        self.ring.require_aliases(REQUIRED_ALIASES, context="my-library")

    def summarize(self, text: str) -> str:
        messages = [{"role": "user", "content": text}]
        return self.ring.chat("summarizer", messages=messages).content
"""

LIBRARY_B = """
from llmring import LLMRing
from library_a import MyLibrary

class LibraryB:
    def __init__(self, lockfile_path):
        self.lib_a = MyLibrary(lockfile_path=lockfile_path)
        self.ring = LLMRing(lockfile_path=lockfile_path)
        self.ring.require_aliases(["analyzer"], context="library-b")
"""

OWN = lockfile_of(default={"summarizer": ["mock:fixed?text=from%20the%20library"]})
USERS = lockfile_of(
    default={"summarizer": ["mock:fixed?text=from%20the%20user"], "analyzer": ["mock:echo"]}
)


def test_S109_a_lockfile_next_to_the_code_is_the_package_s(package: MakePackage) -> None:
    root = package("mypackage", LIBRARY, OWN)
    library = importlib.import_module("mypackage")

    assert library.MyLibrary().ring.lockfile_path == root / "llmring.lock"


def test_S110_a_bare_ring_in_a_package_uses_the_lockfile_of_the_package(
    package: MakePackage,
) -> None:
    code = "from llmring import LLMRing\n\ndef ring():\n    return LLMRing()\n"
    root = package("mypackage", code, OWN)

    ring = importlib.import_module("mypackage").ring()

    assert (ring.lockfile_path, ring.lockfile_source) == (root / "llmring.lock", "package")


def test_S111_the_user_overrides_with_a_path(package: MakePackage) -> None:
    write(USERS, "my-llmring.lock")
    package("mypackage", LIBRARY, OWN)
    library = importlib.import_module("mypackage").MyLibrary(lockfile_path="./my-llmring.lock")

    assert library.summarize("…") == "from the user"


def test_S112_the_argument_may_be_a_path_object() -> None:
    path = write(USERS, "my.lock")

    assert LLMRing(lockfile_path=path).lockfile_path == path.resolve()


def test_S113_a_ring_is_made_without_loop_key_network_or_home(tmp_path: Path) -> None:
    path = write(USERS)
    code = f"from llmring import LLMRing; print(LLMRing({str(path.resolve())!r}).list_aliases())"

    message = run_python_offline(code, HOME="/nonexistent", XDG_CACHE_HOME="/nonexistent")

    assert (message.code, message.err) == (0, "")


def test_S114_require_aliases_gives_nothing_where_all_are_there() -> None:
    write(USERS)

    required = LLMRing().require_aliases(["summarizer", "analyzer"], context="my-library")  # type: ignore[func-returns-value]
    assert required is None


def test_S115_missing_aliases_are_a_value_error() -> None:
    write(OWN)

    with pytest.raises(ValueError, match="analyzer") as caught:
        LLMRing().require_aliases(["analyzer"], context="my-library")

    assert isinstance(caught.value, MissingAliasesError)


def test_S116_chat_works_in_plain_code_and_its_content_is_a_text(
    package: MakePackage, vendors: DemoServer
) -> None:
    package("mypackage", LIBRARY, lockfile_of(default={"summarizer": ["openai:gpt-4o-mini"]}))
    vendors.plan("openai", "answers", "a summary")

    summary = importlib.import_module("mypackage").MyLibrary().summarize("a long text")

    assert summary == "a summary"
    assert type(summary) is str


def test_S116_it_works_inside_a_running_loop_too(package: MakePackage) -> None:
    package("mypackage", LIBRARY, OWN)
    library = importlib.import_module("mypackage").MyLibrary()

    async def main() -> str:
        with pytest.warns(RuntimeWarning, match="blocks the event loop"):
            return str(library.summarize("a long text"))

    assert asyncio.run(main()) == "from the library"


def test_S117_an_alias_is_called_on_its_line_in_plain_code(vendors: DemoServer) -> None:
    write(lockfile_of(default={"summarizer": ["openai:gpt-4o-mini"]}))
    vendors.plan("openai", "answers", "sent at once")
    ring = LLMRing()

    response = ring.chat("summarizer", messages=[{"role": "user", "content": "Hello"}])
    vendors.plan("openai", "answers", "too late")

    assert response.content == "sent at once"
    assert isinstance(response.result(), LLMResponse)


@pytest.mark.parametrize(
    ("alias", "there"),
    [
        ("summarizer", True),
        ("analyzer", False),
        ("", False),
        ("openai:gpt-4o", False),
        ("unknown:summarizer", False),
        (None, False),
        (7, False),
        (["summarizer"], False),
    ],
    ids=repr,
)
def test_S118_has_alias_is_a_bool_and_never_raises(alias: Any, there: bool) -> None:
    write(OWN)

    assert LLMRing().has_alias(alias) is there


def test_S118_has_alias_does_not_raise_for_a_profile_that_is_not_there() -> None:
    write(OWN)

    assert LLMRing().has_alias("summarizer", profile="nope") is False


def message(context: str | None = None) -> str:
    with pytest.raises(MissingAliasesError) as caught:
        LLMRing("my.lock").require_aliases(["summarizer", "analyzer"], context)
    return str(caught.value)


def test_S119_the_message_is_the_contract_s_three_lines() -> None:
    path = write(OWN, "my.lock").resolve()

    assert message("my-library").splitlines() == [
        "Lockfile missing required aliases for my-library: analyzer.",
        f"Lockfile path: {path}",
        "Please ensure your lockfile defines these aliases.",
    ]


def test_S119_without_a_context_its_words_are_gone() -> None:
    write(OWN, "my.lock")

    assert message().startswith("Lockfile missing required aliases: analyzer.\n")


def test_S120_only_the_missing_are_named_in_the_order_asked() -> None:
    write(OWN)

    with pytest.raises(MissingAliasesError, match=r"aliases: zeta, alpha\.\n") as caught:
        LLMRing().require_aliases(["zeta", "summarizer", "alpha"])

    assert caught.value.missing == ("zeta", "alpha")


def test_S121_libraries_may_share_one_lockfile(package: MakePackage) -> None:
    path = write(USERS, "shared.lock")
    package("library_a", LIBRARY)
    package("library_b", LIBRARY_B)

    library = importlib.import_module("library_b").LibraryB(path)

    assert library.lib_a.summarize("…") == "from the user"
    library.ring.bind_alias("summarizer", "mock:fixed?text=changed")
    assert library.lib_a.summarize("…") == "changed"


def test_S122_without_a_path_the_library_s_own_lockfile_is_used(package: MakePackage) -> None:
    write(USERS, "my-models.lock")
    package("mypackage", LIBRARY, OWN)
    library = importlib.import_module("mypackage").MyLibrary

    assert library().summarize("…") == "from the library"
    assert library(lockfile_path="./my-models.lock").summarize("…") == "from the user"


def test_S123_a_single_name_is_not_taken_apart() -> None:
    write(OWN)

    LLMRing().require_aliases("summarizer")
    with pytest.raises(MissingAliasesError) as caught:
        LLMRing().require_aliases("balanced")

    assert caught.value.missing == ("balanced",)
