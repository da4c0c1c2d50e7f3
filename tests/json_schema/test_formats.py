"""The formats that are checked, in schemas of every draft."""

import pytest

from llmring.chat.output_format import parse_format
from llmring.client.answer_schema import answer_form, parse_answer
from llmring.json_schema.formats import CHECKED_FORMATS, format_checks

# For each format, a text of it, and one that is not.
EXAMPLES = {
    "date": ("2026-11-30", "30.11.2026"),
    "date-time": ("2026-11-30T10:00:00Z", "2026-11-30"),
    "duration": ("P1D", "1 day"),
    "email": ("a@b.test", "a"),
    "hostname": ("b.test", "-b"),
    "idn-email": ("ä@b.test", "ä"),
    "idn-hostname": ("bä.test", "-b"),
    "ipv4": ("127.0.0.1", "127.0.0"),
    "ipv6": ("::1", "1"),
    "iri": ("https://b.test/ä", "ä b"),
    "iri-reference": ("ä", "\\\\ä"),
    "json-pointer": ("/a/b", "a"),
    "regex": ("^a+$", "("),
    "relative-json-pointer": ("1/a", "/a"),
    "time": ("10:00:00Z", "10"),
    "uri": ("https://b.test/a", "a b"),
    "uri-reference": ("a", "\\\\a"),
    "uri-template": ("/a{b}", "/a{"),
    "uuid": ("0e3b6d0c-6a1f-4c4b-9d53-5a5f7f0c1a11", "1"),
}
DRAFTS = [
    None,
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


def fits(text: str, format_: str, draft: str | None) -> bool:
    schema = {"type": "string", "format": format_} | ({"$schema": draft} if draft else {})
    output = parse_format({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}})
    assert output is not None
    return not parse_answer(answer_form(output), f'{{"answer": {text}}}').misfits


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("name", CHECKED_FORMATS)
def test_a_format_is_checked_in_every_draft(name: str, draft: str | None) -> None:
    good, bad = EXAMPLES[name]

    assert fits(f'"{good}"', name, draft)
    assert not fits('"' + bad.replace("\\", "\\\\") + '"', name, draft)
    assert format_checks()[name](good)
    assert not format_checks()[name](bad)


@pytest.mark.parametrize("name", ["int32", "tel", "password", "no-such-format"])
def test_a_format_that_the_standard_does_not_have_is_not_checked(name: str) -> None:
    assert fits('"any text"', name, None)


@pytest.mark.parametrize(
    ("name", "text"), [("date-time", "2026-11-30T10:00:00"), ("time", "10:00:00")]
)
def test_times_need_their_offset(name: str, text: str) -> None:
    assert not fits(f'"{text}"', name, None)
    assert fits(f'"{text}+01:00"', name, None)
