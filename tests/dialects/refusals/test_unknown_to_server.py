"""What a server with a vendor's API does not know."""

import json

from llmring.dialects.refusals.unknown_to_server import LeaveOutBetas, LeaveOutField
from llmring.dialects.request_changes import changed_request
from llmring.wire import HttpRequest

BODY = b'{"model": "m", "future": {"a": 1e2}}'


def request(body: bytes = BODY, host: str = "x", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return HttpRequest("POST", f"http://{host}/v1", named, body)


def test_g051_the_header_for_betas_keeps_the_known_ones_and_the_body_its_bytes() -> None:
    changed = changed_request(request(anthropic_beta="a, b"), [LeaveOutBetas(("a",))])

    assert changed is not None
    assert changed.http.headers == {"anthropic-beta": "b"}
    assert changed.http.body is BODY or changed.http.body == BODY
    assert changed_request(request(anthropic_beta="b"), [LeaveOutBetas(("a",))]) is None


def test_g051_an_unknown_field_is_left_out_except_for_the_vendor() -> None:
    change = LeaveOutField(name="future", vendor="vendor.example")

    changed = changed_request(request(), [change])

    assert changed is not None
    assert json.loads(changed.http.body) == {"model": "m"}
    assert changed.notes == ("future left out: the server does not know it",)
    assert changed_request(request(host="vendor.example"), [change]) is None
    assert changed_request(request(b"{}"), [change]) is None
