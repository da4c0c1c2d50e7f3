"""Values in a form that other languages write are fitted to the expected types."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw, Struct

from llmring.dialects.lenient_values import fitted


class Inner(Struct):
    index: int = 0
    names: list[str] = []


class Outer(Struct):
    count: int | None = None
    share: float | None = None
    on: bool | None = None
    inner: Inner | None = None
    needed: Inner = msgspec.field(default_factory=Inner)
    many: list[Inner] | None = None
    content: str | list[Inner] | None = None
    raw: list[Raw] | None = None
    free: dict[str, Any] | None = None
    counts: dict[str, int] | None = None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"count": 5.0}, {"count": 5}),
        ({"count": 5.5}, {"count": 5.5}),
        ({"count": True}, {"count": True}),
        ({"count": "5"}, {"count": "5"}),
        ({"count": None}, {"count": None}),
        ({"share": 5}, {"share": 5}),
        ({"on": 1.0}, {"on": 1.0}),
        ({"inner": {"index": None}}, {"inner": {}}),
        ({"inner": {"index": 2.0, "names": None}}, {"inner": {"index": 2}}),
        ({"inner": {"names": {}}}, {"inner": {"names": []}}),
        ({"inner": {"names": ["a", None]}}, {"inner": {"names": ["a"]}}),
        ({"inner": None, "needed": None}, {"inner": None}),
        ({"many": {}}, {"many": []}),
        ({"many": ""}, {"many": []}),
        ({"many": {"a": 1}}, {"many": {"a": 1}}),
        ({"many": [None, {"index": 1.0}]}, {"many": [{"index": 1}]}),
        ({"content": {}}, {"content": []}),
        ({"content": ""}, {"content": ""}),
        ({"content": [{"index": 3.0}]}, {"content": [{"index": 3}]}),
        ({"raw": [None, 5.0]}, {"raw": [None, 5.0]}),
        ({"free": {"a": 5.0, "b": None}}, {"free": {"a": 5.0, "b": None}}),
        ({"counts": {"a": 5.0}}, {"counts": {"a": 5}}),
        ({"unknown": None}, {"unknown": None}),
        ([], []),
    ],
)
def test_a_value_is_fitted_where_it_is_clear(sent: Any, read: Any) -> None:
    assert repr(fitted(sent, Outer)) == repr(read)


def test_a_list_may_be_expected_at_the_top() -> None:
    assert fitted({}, list[Inner]) == fitted(None, list[Inner]) == []
    assert fitted([{"index": 1.0}, None], Inner | list[Inner]) == [{"index": 1}]


def test_what_is_fitted_can_be_decoded() -> None:
    sent: Any = {"count": 5.0, "needed": None, "many": [{"index": None, "names": {}}]}

    assert msgspec.convert(fitted(sent, Outer), Outer) == Outer(count=5, many=[Inner()])
