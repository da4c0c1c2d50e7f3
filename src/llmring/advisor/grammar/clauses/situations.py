"""Situations before a request: "coder has no fallback, add haiku to it", "we leave openai: ..."."""

from __future__ import annotations

from llmring.advisor.grammar.chart import Rule, Values, rules
from llmring.advisor.grammar.intent_parts import AliasPhrase, DescribedModel
from llmring.advisor.grammar.intents import Edit, ReplaceModels, Topic
from llmring.advisor.grammar.need_phrases import described

Clause = tuple[Edit, ...]

_PUT = "(put|use|take|switch to|have|go with|go to|move to|bind|set|give me)"
_LEAVE = (
    "(leave|leaving|quit|quitting|drop|dropping|abandon|abandoning|ditch|ditching|"
    "move away from|moving away from|move off|moving off|get rid of|getting rid of|stop using|"
    "stopping with|done with|no longer use|no longer want|do not use|do not want|cancelled|"
    "have cancelled|have left|left|lost access to|have lost access to)"
)
_EVERYWHERE = "(instead|<everywhere>|<everywhere> instead|instead <everywhere>)"


def _left(v: Values) -> Clause | None:
    need: DescribedModel | None = described(v["vendors"])
    if need is None or "new" not in v:
        return None
    return (ReplaceModels(need, v["new"], AliasPhrase(scope="all"), every=True),)


RULES: dict[str, tuple[Rule, ...]] = {
    # A vendor that goes, and the model in its place.
    "leave": rules(
        (
            f"(we|i) [are|am|will|want to|have to|should] {_LEAVE} <vendors> [models] [anymore] "
            f"(,|;|.|and|, and|:) {_PUT} <new:model> {_EVERYWHERE}",
            _left,
        ),
    ),
    # A remark on aliases that the request behind it is about.
    "situation": rules(
        (
            "<who> (has|have) (no|only one|one|single) (fallback|fallbacks|model|models|limit|"
            "limits|budget|timeout|spending limit|rate limit)",
            lambda v: (Topic(v["who"]),),
        ),
        (
            "<who> (does not have|do not have|is missing|lacks|is without|comes without) [any] "
            "(fallback|fallbacks|limit|limits|budget|timeout|rate limit)",
            lambda v: (Topic(v["who"]),),
        ),
        (
            "<who> (is|are|gets|became|has become|has been|feels|seems) [getting|very|much|way|far|"
            "becoming|bit|quite] (slow|expensive|costly|pricey|unreliable|flaky|bad|weak|dumb|"
            "important|critical|overkill|down)",
            lambda v: (Topic(v["who"]),),
        ),
        (
            "<who> (costs|costs us|costs me|is costing us|burns|spends|is spending) [way|far] "
            "[much|lot|money|lot of money|much money|fortune]",
            lambda v: (Topic(v["who"]),),
        ),
        (
            "<who> (gets|receives|has|handles|sees) (much|many|lot of|lots of|more and more|heavy) "
            "(traffic|requests|calls|load|errors)",
            lambda v: (Topic(v["who"]),),
        ),
        (
            "<who> (fails|breaks|keeps failing|times out|keeps timing out|is failing|is down) "
            "[often|all time|sometimes|lot]",
            lambda v: (Topic(v["who"]),),
        ),
    ),
}
