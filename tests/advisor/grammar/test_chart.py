"""The parser, over a small grammar."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from advisor.fakes import DAY
from llmring.advisor.grammar.chart import Chart, Grammar, rules
from llmring.advisor.grammar.lexer import tokens_of
from llmring.advisor.grammar.pattern import Node, Options, Phrase, Sequence
from llmring.advisor.grammar.sentence import GRAMMAR
from llmring.advisor.grammar.spoken_models import ModelNames
from llmring.advisor.grammar.vocabulary import Vocabulary
from llmring.advisor.ranking import Availability

NAMES = Vocabulary({}, frozenset(), ModelNames((), lambda _: Availability.KNOWN, DAY))
SUMS = Grammar(
    {
        "sum": rules(
            ("<one:digit>", lambda v: v["one"]),
            ("<one:digit> plus <more:sum>", lambda v: v["one"] + v["more"]),
            ("loop", lambda _: None),
        ),
        "digit": rules(("one", lambda _: 1), ("two", lambda _: 2)),
        "left": rules(("<left> one", lambda _: 1), ("one", lambda _: 1)),
    },
    {},
)


def read(symbol: str, text: str) -> list[Any]:
    return Chart(SUMS, tokens_of(text), NAMES).readings(symbol)


def test_a_reading_uses_every_token() -> None:
    assert read("sum", "one plus two plus two") == [5]
    assert read("sum", "one plus two two") == []
    assert read("sum", "one plus") == []


def test_a_rule_can_reject_a_reading() -> None:
    assert read("sum", "loop") == []


def test_a_symbol_that_begins_with_itself_ends() -> None:
    assert read("left", "one") == [1]


@given(st.lists(st.sampled_from(["one", "two", "plus", "three"]), max_size=12))
def test_only_sums_are_read(words: list[str]) -> None:
    values = {"one": 1, "two": 2}
    numbers, signs = words[::2], words[1::2]
    is_sum = len(words) % 2 == 1 and {*signs} <= {"plus"} and {*numbers} <= {*values}

    expected = [sum(values[each] for each in numbers)] if is_sum else []
    assert read("sum", " ".join(words)) == expected


def symbols(node: Node) -> set[str]:
    match node:
        case Phrase(_, symbol):
            return {symbol}
        case Sequence(parts) | Options(parts):
            return {each for part in parts for each in symbols(part)}
        case _:
            return set()


def test_every_symbol_of_the_grammar_is_defined_once() -> None:
    used = {
        symbol
        for group in GRAMMAR.rules.values()
        for rule in group
        for symbol in symbols(rule.node)
    }

    assert used <= GRAMMAR.rules.keys() | GRAMMAR.lexemes.keys()
    assert not GRAMMAR.rules.keys() & GRAMMAR.lexemes.keys()
