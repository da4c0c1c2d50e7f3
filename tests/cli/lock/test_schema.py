import json

from cli.terminal import Call
from llmring.lockfile.schema.json_schema import document


def test_the_schema_is_printed_as_json(call: Call) -> None:
    told = call("lock", "schema")

    assert (told.code, told.err) == (0, "")
    assert json.loads(told.out) == document()


def test_the_schema_is_ascii(call: Call) -> None:
    assert call("lock", "schema").out.isascii()
