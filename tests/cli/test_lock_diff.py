import json

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write

OLD = lockfile_of(prod={"summarizer": ["openai:gpt-4o"], "old": ["a:b"]})
NEW = lockfile_of(prod={"summarizer": ["openai:gpt-5"], "new": ["c:d", "e:f"]})
LINES = "prod.summarizer: openai:gpt-4o → openai:gpt-5\n+ prod.new → c:d, e:f\n- prod.old → a:b\n"


@pytest.fixture(autouse=True)
def _lockfiles() -> None:
    write(OLD, "old.lock")
    write(NEW, "new.lock")


def test_differences_are_lines_and_exit_code_1(call: Call) -> None:
    assert call("lock", "diff", "old.lock", "new.lock") == (1, LINES, "")


def test_no_difference_is_exit_code_0(call: Call) -> None:
    write("# the same\n" + OLD, "same.lock")

    assert call("lock", "diff", "old.lock", "same.lock") == (0, "", "no difference\n")


def test_a_dash_is_what_is_piped_in() -> None:
    assert run("lock", "diff", "-", "new.lock", stdin=OLD) == (1, LINES, "")


def test_what_is_piped_in_may_be_the_second_one() -> None:
    assert run("lock", "diff", "old.lock", "-", stdin=NEW) == (1, LINES, "")


def test_a_terminal_without_the_arrow_gets_one_of_ascii() -> None:
    told = run("lock", "diff", "old.lock", "new.lock", PYTHONIOENCODING="ascii")

    assert "prod.summarizer: openai:gpt-4o -> openai:gpt-5\n" in told.out


def test_differences_are_json_for_programs(call: Call) -> None:
    told = call("lock", "diff", "old.lock", "new.lock", "--json")

    assert told.code == 1
    assert json.loads(told.out)[0] == {
        "kind": "changed",
        "key": "prod.summarizer",
        "before": ["openai:gpt-4o"],
        "after": ["openai:gpt-5"],
        "added": ["openai:gpt-5"],
        "removed": ["openai:gpt-4o"],
        "reordered": False,
    }


def test_no_difference_is_an_empty_list_in_json(call: Call) -> None:
    told = call("lock", "diff", "old.lock", "old.lock", "--json")

    assert (told.code, json.loads(told.out)) == (0, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope.lock", "new.lock"), "nope.lock: the lockfile does not exist"),
        (("old.lock", "bad.lock"), "bad.lock:1:2: not TOML"),
        (("-", "-"), "only one of the two lockfiles can be piped in"),
    ],
)
def test_what_can_t_be_read_is_exit_code_2(
    call: Call, words: tuple[str, str], message: str
) -> None:
    write("[\n", "bad.lock")

    told = call("lock", "diff", *words)

    assert (told.code, told.out) == (2, "")
    assert is_plain_error(told.err)
    assert message in told.err


def test_what_is_piped_in_and_is_no_lockfile_is_told_with_its_place() -> None:
    told = run("lock", "diff", "-", "new.lock", stdin=b"a = \xff")

    assert told.code == 2
    assert told.err.startswith("llmring: standard input:1:5: not UTF-8")
