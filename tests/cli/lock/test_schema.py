import json

from cli.terminal import Call
from llmring.lockfile.schema.json_schema import document


def test_the_schema_is_printed_as_json(call: Call) -> None:
    result = call("lock", "schema")

    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out) == document()


def test_the_schema_is_ascii(call: Call) -> None:
    assert call("lock", "schema").out.isascii()
