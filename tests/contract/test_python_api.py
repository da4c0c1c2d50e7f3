"""The calls of the Python API: plain and synchronous, inside and outside of `async with`."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.terminal import write
from llmring import LLMRing, LLMRingError, ModelNotFoundError
from llmring.lockfile.default_lockfile import BUNDLED
from lockfile.texts import EXAMPLE


@pytest.fixture(params=["outside", "inside"])
def within(request: pytest.FixtureRequest) -> Callable[[Callable[[LLMRing], object]], object]:
    """Provide a way to call a ring: outside an event loop, or inside `async with`."""

    def outside(do: Callable[[LLMRing], object]) -> object:
        return do(LLMRing())

    def inside(do: Callable[[LLMRing], object]) -> object:
        async def main() -> object:
            async with LLMRing() as service:
                return do(service)

        return asyncio.run(main())

    return {"outside": outside, "inside": inside}[request.param]


Within = Callable[[Callable[[LLMRing], object]], object]


def test_S069_a_bare_ring_uses_the_lockfile_here_or_the_bundled_one(within: Within) -> None:
    assert within(lambda ring: ring.lockfile_path) == BUNDLED

    write(EXAMPLE)

    assert within(lambda ring: ring.lockfile_path) == Path.cwd() / "llmring.lock"


def test_S070_a_ring_takes_the_path_of_a_lockfile() -> None:
    write(EXAMPLE, "custom.lock")

    async def main() -> str:
        async with LLMRing(lockfile_path="./custom.lock") as service:
            return service.resolve_alias("fast")

    assert asyncio.run(main()) == "openai:gpt-4o-mini"


def test_S071_resolve_alias_gives_the_reference_at_once(within: Within, example: Path) -> None:
    assert within(lambda ring: ring.resolve_alias("fast")) == "openai:gpt-4o-mini"


def test_S072_resolve_alias_takes_a_profile(within: Within, example: Path) -> None:
    assert (
        within(lambda ring: ring.resolve_alias("assistant", profile="prod"))
        == "anthropic:claude-3-5-sonnet"
    )


def test_S073_bind_alias_writes_to_disk_and_gives_nothing(within: Within, example: Path) -> None:
    assert within(lambda ring: ring.bind_alias("myalias", "openai:gpt-4o")) is None

    assert LLMRing().resolve_alias("myalias") == "openai:gpt-4o"


@pytest.mark.parametrize(
    "models",
    [
        "openai:gpt-4o,mock:echo",
        ["openai:gpt-4o", "mock:echo"],
        ("openai:gpt-4o", "mock:echo"),
    ],
    ids=["text", "list", "tuple"],
)
def test_S073_bind_alias_takes_fallbacks(example: Path, models: str | list[str]) -> None:
    LLMRing().bind_alias("myalias", models)

    assert LLMRing().list_bindings()["myalias"] == ("openai:gpt-4o", "mock:echo")


def test_S074_bind_alias_takes_a_profile(example: Path) -> None:
    LLMRing().bind_alias("assistant", "google:gemini-1.5-pro", profile="dev")

    assert LLMRing().resolve_alias("assistant", profile="dev") == "google:gemini-1.5-pro"
    assert LLMRing().resolve_alias("assistant", profile="prod") == "anthropic:claude-3-5-sonnet"


def test_S075_the_next_resolve_sees_what_was_bound(within: Within, example: Path) -> None:
    def bind_and_resolve(ring: LLMRing) -> list[str]:
        before = ring.resolve_alias("fast")
        ring.bind_alias("fast", "openai:gpt-4o")
        return [before, ring.resolve_alias("fast")]

    assert within(bind_and_resolve) == ["openai:gpt-4o-mini", "openai:gpt-4o"]


def test_S076_list_aliases_is_a_dict_in_the_order_of_the_file(
    within: Within, example: Path
) -> None:
    listed = within(lambda ring: ring.list_aliases())

    assert isinstance(listed, dict)
    assert list(listed.items()) == [
        ("fast", "openai:gpt-4o-mini"),
        ("balanced", "anthropic:claude-3-5-sonnet"),
        ("deep", "anthropic:claude-opus-4"),
    ]


def test_S077_list_aliases_takes_a_profile(within: Within, example: Path) -> None:
    assert within(lambda ring: ring.list_aliases(profile="dev")) == {
        "assistant": "openai:gpt-4o-mini"
    }


def test_S078_unbind_alias_removes_on_disk_and_for_the_next_resolve(
    within: Within, example: Path
) -> None:
    def unbind_and_look(ring: LLMRing) -> bool:
        ring.resolve_alias("deep")
        ring.unbind_alias("deep")
        return ring.has_alias("deep")

    assert within(unbind_and_look) is False
    assert not LLMRing().has_alias("deep")


def test_S079_unbind_alias_takes_a_profile(example: Path) -> None:
    LLMRing().unbind_alias("assistant", profile="dev")

    assert not LLMRing().has_alias("assistant", profile="dev")
    assert LLMRing().has_alias("assistant", profile="prod")


def test_S080_unbinding_what_is_not_bound_is_an_error_and_changes_nothing(example: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="did you mean 'fast'"):
        LLMRing().unbind_alias("fats")

    assert example.read_text() == EXAMPLE


def test_S080_without_a_lockfile_unbinding_makes_none() -> None:
    with pytest.raises(LLMRingError):
        LLMRing().unbind_alias("nothing")

    assert not Path("llmring.lock").exists()


def test_S081_init_lockfile_writes_the_default_aliases(within: Within) -> None:
    within(lambda ring: ring.init_lockfile())

    assert {"fast", "balanced", "deep"} <= LLMRing("llmring.lock").list_aliases().keys()


def test_S081_init_lockfile_writes_where_the_path_says(example: Path) -> None:
    write(EXAMPLE, "mine.lock")

    LLMRing("mine.lock").init_lockfile(force=True)

    assert example.read_text() == EXAMPLE
    assert LLMRing("mine.lock").has_alias("vision")


def test_S082_init_lockfile_refuses_to_overwrite(within: Within, example: Path) -> None:
    with pytest.raises(FileExistsError):
        within(lambda ring: ring.init_lockfile())

    assert example.read_text() == EXAMPLE


def test_S083_init_lockfile_with_force_overwrites_and_the_ring_uses_the_new_file(
    within: Within, example: Path
) -> None:
    def init_and_bind(ring: LLMRing) -> list[str]:
        ring.init_lockfile(force=True)
        ring.bind_alias("mine", "mock:echo")
        return [*ring.list_aliases()]

    aliases = within(init_and_bind)

    assert aliases == [*LLMRing("llmring.lock").list_aliases()]
    assert {"vision", "mine"} <= set(LLMRing("llmring.lock").list_aliases())


def test_S083_a_ring_that_began_with_the_bundled_file_uses_the_new_one() -> None:
    ring = LLMRing()
    ring.init_lockfile()

    assert ring.lockfile_path == Path.cwd() / "llmring.lock"


def change_unseen(path: Path) -> None:
    """Change the file so that it looks the same: size, time and inode."""
    before = path.stat()
    with path.open("r+") as file:
        file.write(EXAMPLE.replace("openai:gpt-4o-mini", "openai:gpt-4o-mino"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_S084_an_unchanged_file_is_not_read_again(example: Path) -> None:
    os.utime(example, (1, 1))
    ring = LLMRing()
    ring.resolve_alias("fast")

    change_unseen(example)

    assert ring.resolve_alias("fast") == "openai:gpt-4o-mini"


def test_S085_clear_alias_cache_forgets_everything(within: Within, example: Path) -> None:
    os.utime(example, (1, 1))

    def change_and_clear(ring: LLMRing) -> list[str]:
        ring.resolve_alias("fast")
        ring.resolve_alias("assistant", profile="dev")
        change_unseen(example)
        ring.clear_alias_cache()
        return [ring.resolve_alias("fast"), ring.resolve_alias("assistant", profile="dev")]

    assert within(change_and_clear) == ["openai:gpt-4o-mino"] * 2


def test_S086_after_clearing_an_edit_on_disk_is_seen(example: Path) -> None:
    ring = LLMRing()
    ring.resolve_alias("fast")
    write(EXAMPLE.replace("openai:gpt-4o-mini", "openai:gpt-4o"))

    ring.clear_alias_cache()

    assert ring.resolve_alias("fast") == "openai:gpt-4o"
