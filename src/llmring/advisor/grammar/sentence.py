"""Whole requests: one or more clauses, every word of which has a meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from llmring.advisor.grammar import (
    alias_phrases,
    limit_phrases,
    model_lists,
    need_phrases,
    quantities,
)
from llmring.advisor.grammar.alias_phrases import in_profile
from llmring.advisor.grammar.chart import Chart, Grammar, Rule, Values, rules, words_of
from llmring.advisor.grammar.clauses import (
    alias_clauses,
    bind_clauses,
    copy_clauses,
    edit_frames,
    exclusion_clauses,
    fallback_clauses,
    limit_clauses,
    limit_refusals,
    more_bindings,
    need_clauses,
    order_clauses,
    profile_clauses,
    repeat_clauses,
    replace_clauses,
    resilience_clauses,
    scale_clauses,
    situations,
)
from llmring.advisor.grammar.intent_parts import SAME_KEY, AliasPhrase, DescribedModel, Setting
from llmring.advisor.grammar.intents import (
    AskRetirement,
    BindAliases,
    Edit,
    Intent,
    Recommend,
    RenameAlias,
    SetLimits,
    Topic,
    UseInProfile,
)
from llmring.advisor.grammar.lexer import Token, tokens_of
from llmring.advisor.grammar.need_phrases import described
from llmring.advisor.grammar.paraphrases import paraphrases, with_topic_behind
from llmring.advisor.grammar.questions import (
    cost_questions,
    lockfile_questions,
    model_questions,
    need_questions,
    retirement_questions,
)
from llmring.advisor.grammar.questions.question_words import spotted
from llmring.advisor.grammar.reading_choice import contradicts, explicit
from llmring.advisor.grammar.vocabulary import Vocabulary

# Plain requests are shorter.
_MOST_CHARACTERS = 1000
_MOST_TOKENS = 80
_ASKING = frozenset(("what", "which", "how", "when", "who", "why", "where"))


def _placed(v: Values) -> tuple[Intent, ...] | None:
    """Put the profile that surrounds a clause into its intents."""
    profile = v.get("before") or v.get("after")
    if v.get("before") and v.get("after") and v["before"] != v["after"]:
        return None
    found: list[Intent] = []
    for intent in v["core"]:
        placed = _in_profile(intent, profile) if profile else intent
        if placed is None:
            return None
        found.append(placed)
    if v.get("before"):
        # A profile at the beginning is that of the clauses that follow, too.
        found.insert(0, Topic(AliasPhrase(scope="left out", profile=profile)))
    return tuple(found)


def _in_profile(intent: Any, profile: str) -> Any:
    for field in ("aliases", "old", "alias"):
        phrase = getattr(intent, field, None)
        if isinstance(phrase, AliasPhrase):
            moved = in_profile(phrase, profile)
            return None if moved is None else replace(intent, **{field: moved})
    return None


def _joined(v: Values) -> tuple[Intent, ...]:
    return (*v["one"], *v.get("rest", ()))


def _continued(kind: type | tuple[type, ...]) -> Any:
    """Return a function that accepts a clause without a verb only behind one of a kind."""

    def build(v: Values) -> tuple[Any, ...]:
        return (("continues", kind), *v["one"], *v.get("rest", ()))

    return build


def _whole(v: Values) -> tuple[Intent, ...] | None:
    """Check that each clause without a verb continues a clause that it fits."""
    found: list[Any] = []
    for each in (*v["one"], *v.get("rest", ())):
        if isinstance(each, tuple):
            if not any(isinstance(before, each[1]) for before in found):
                return None
        elif isinstance(each, SetLimits) and each.settings[:1] and _is_same(each):
            continued = _with_key(each, found)
            if continued is None:
                return None
            found.append(continued)
        else:
            found.append(each)
    found = _with_alias(found)
    # A wish behind an edit is likely a part of the edit.
    edited = False
    for each in found:
        if isinstance(each, Recommend) and edited:
            return None
        edited = edited or isinstance(each, Edit)
    return tuple(found)


def _is_same(intent: SetLimits) -> bool:
    return intent.settings[0].key == SAME_KEY


def _with_key(intent: SetLimits, before: list[Any]) -> SetLimits | None:
    """Complete "and 60 for coder" by the only limit of the clause before."""
    last = before[-1] if before else None
    if not isinstance(last, SetLimits) or len(last.settings) != 1:
        return None
    [setting] = last.settings
    [same] = intent.settings
    if not isinstance(setting.value, int | float):
        return None
    return replace(intent, settings=(Setting(setting.key, same.value),))


def _with_alias(found: list[Any]) -> list[Any]:
    """Complete "use A in dev and B in prod for fast" by the alias at the end."""
    bindings = [each for each in found if isinstance(each, BindAliases)]
    if len(bindings) != len(found) or len(found) < 2:
        return found
    *rest, last = bindings
    left_out = all(each.aliases.scope == "left out" and each.aliases.profile for each in rest)
    if not left_out or last.aliases.scope != "named" or last.aliases.profile is None:
        return found
    completed = [
        replace(each, aliases=replace(last.aliases, profile=each.aliases.profile)) for each in rest
    ]
    return [*completed, last]


def _answered_first(v: Values) -> tuple[Intent, ...] | None:
    later = _whole(v)
    return None if later is None else (*v["core"], *later)


_POLITE = (
    "(can you|could you|would you|will you|would you mind|can i ask you to|could i ask you to)"
)
_LEAD = (
    "(i want you to|i should|i would like you to|i would like to|i want to|i need you to|i need to|"
    "let us|"
    "we need to|we want to|we should|we have to|we should|you should|i am going to|i have to|"
    "help me|help me to|make sure to|we would like to|i would love to|you can|you may|"
    "i would rather|i would prefer to|i think we should|i think you should|feel free to|"
    "remember to|do|try to|time to|it is time to|"
    "want to|need to|i would like|we are going to|we can|i can|we could|i think we can)"
)
_EDITS = (
    "bind",
    "add",
    "order",
    "drop",
    "remove",
    "rename",
    "upgrade",
    "replace",
    "copy",
    "limit",
    "require",
    "limit_refused",
    "profile",
    "again",
    "undo",
    "topic",
    "scale",
    "need_frame",
    "limit_frame",
    "bind_frame",
    "backup_frame",
    "chosen_frame",
    "vendors_frame",
    "profile_kind_frame",
    "profile_frame",
    "exclude",
    "keep_only",
    "leave",
    "resilience",
)
_QUESTIONS = (
    "cost",
    "cheaper",
    "comparison",
    "retirement",
    "abilities_question",
    "recommend",
    "lockfile",
    "profiles_question",
    "providers_question",
    "help",
)

_RULES: dict[str, tuple[Rule, ...]] = {
    "edit": rules(*((f"<{name}>", lambda v: next(iter(v.values()))) for name in _EDITS)),
    "question": rules(*((f"<{name}>", lambda v: next(iter(v.values()))) for name in _QUESTIONS)),
    "clause": rules(
        ("<core:edit> [instead|again] [<remark>]", _placed),
        (f"{_LEAD} <core:edit> [instead|again] [<remark>]", _placed),
        ("<core:replace> only", _placed),
        (f"{_POLITE} <core:edit> [instead|again] [<remark>] [?]", _placed),
        (
            "<before:where> [,|:] [(i want you to|let us|we should|can you|could you)] <core:edit>",
            _placed,
        ),
        ("<core:edit> [,] [only|but only] <after:where>", _placed),
        (f"{_LEAD} <core:edit> [,] <after:where>", _placed),
        (f"{_POLITE} <core:edit> [,] <after:where> [?]", _placed),
        ("<core:question> [[,] and why] [?]", _placed),
        (f"({_POLITE}|{_LEAD}) <core:question> [?]", _placed),
        ("<core:question> [,] <after:where> [?]", _placed),
        ("<before:where> [,] <core:question> [?]", _placed),
        (
            "(can you|could you|would you) (show me|find|find me) <core:question> [?]",
            _placed,
        ),
        (
            "(show me|i want to know|i would like to know|do you know) [,] <core:question> [?]",
            _placed,
        ),
    ),
    # A reason, which changes nothing.
    "remark": rules(
        (
            "((because|since|as|, because|, since|, as) (it|that|this|they)|(,|;|:) (it|they)) "
            "(is|are|feels|seems|has been) [very|getting|much|far|becoming|still] (slow|"
            "expensive|costly|pricey|old|outdated|unreliable|flaky|bad|weak|cheaper|faster|better|"
            "smarter|cheap|good|fast|good enough|obsolete|deprecated|retired|retiring|going away|"
            "newer|overkill|useless)",
            lambda _: True,
        ),
        (
            "(,|;|.|because|since|as) (we|i) (do not|no longer) (need|use|want) (it|that|them) "
            "[anymore]",
            lambda _: True,
        ),
    ),
    "joint": rules(
        (
            "(and|,|, and|then|, then|and then|.|;|, and then|. then|. and|but|, but|!|; "
            "and|;  then|"
            ", plus|plus|.  after that|after that|and after that|: |and finally|"
            "finally|, finally)",
            lambda _: True,
        ),
    ),
    "rest": rules(
        ("<joint> <one:clause> [<rest>]", _joined),
        ("<joint> <one:more_bind> [instead] [<rest>]", _continued(BindAliases)),
        ("<joint> <one:more_rename> [<rest>]", _continued(RenameAlias)),
        ("<joint> <one:more_use> [<rest>]", _continued(UseInProfile)),
        ("<joint> <one:more_upgrade> [<rest>]", _continued(AskRetirement)),
        ("[<joint>] <one:more_limits> [<rest>]", _continued((SetLimits, BindAliases))),
    ),
    "request": rules(
        ("[and|then|but] <one:clause> [<rest>]", _whole),
        ("<one:verbless> [<rest>]", _whole),
        ("[but] <one:situation> <rest>", _whole),
        ("yes [,] <one:clause> [<rest>]", _whole),
        ("<core:question> ? [<joint>] <one:clause> [<rest>]", _answered_first),
    ),
}

_EVERY_RULE = {
    **quantities.RULES,
    **need_phrases.RULES,
    **alias_phrases.RULES,
    **model_lists.RULES,
    **bind_clauses.RULES,
    **more_bindings.RULES,
    **copy_clauses.RULES,
    **replace_clauses.RULES,
    **fallback_clauses.RULES,
    **order_clauses.RULES,
    **exclusion_clauses.RULES,
    **alias_clauses.RULES,
    **limit_phrases.RULES,
    **limit_clauses.RULES,
    **limit_refusals.RULES,
    **scale_clauses.RULES,
    **need_clauses.RULES,
    **edit_frames.RULES,
    **profile_clauses.RULES,
    **repeat_clauses.RULES,
    **situations.RULES,
    **resilience_clauses.RULES,
    **cost_questions.RULES,
    **model_questions.RULES,
    **need_questions.RULES,
    **retirement_questions.RULES,
    **lockfile_questions.RULES,
    **_RULES,
}

GRAMMAR = Grammar(
    rules=_EVERY_RULE,
    words=words_of(_EVERY_RULE),
    lexemes={
        **quantities.LEXEMES,
        **need_phrases.LEXEMES,
        **alias_phrases.LEXEMES,
        **edit_frames.LEXEMES,
        **need_clauses.LEXEMES,
        **need_questions.LEXEMES,
    },
)


def readings(text: str, names: Vocabulary) -> list[tuple[Intent, ...]]:
    """Find every meaning of a request that accounts for each of its words, as intents in order.

    Args:
        text: The request, in English; above 1,000 characters, it has none.
        names: The names that it may contain.
    """
    if len(text) > _MOST_CHARACTERS:
        return []
    tokens = tokens_of(text, names.kept())
    if not tokens or len(tokens) > _MOST_TOKENS:
        return []
    chart = Chart(GRAMMAR, tokens, names)
    found = [] if contradicts(tokens) else chart.readings("request")
    for other in paraphrases(chart):
        if not contradicts(other):
            found += Chart(GRAMMAR, other, names).readings("request")
    for other in with_topic_behind(chart):
        # The topic of several clauses can't be at the end of the last one.
        whole = Chart(GRAMMAR, other, names).readings("request")
        found += [each for each in whole if len(each) == 1 and not contradicts(other)]
    if not found:
        found = [*_question_first(tokens, names)]
    if not found:
        question = spotted(chart)
        found = [] if question is None else [question]
    return explicit(dict.fromkeys(found))


def _question_first(tokens: tuple[Token, ...], names: Vocabulary) -> Iterator[tuple[Intent, ...]]:
    """Read "which models …? bind it to docs", whose question is only recognized by its words."""
    ends = [at for at, token in enumerate(tokens) if token.word == "?"]
    if len(ends) != 1 or not tokens[ends[0] + 1 :]:
        return
    question = spotted(Chart(GRAMMAR, tokens[: ends[0] + 1], names))
    if question is None or not all(isinstance(each, Recommend) for each in question):
        return
    rest = tokens[ends[0] + 1 :]
    for later in Chart(GRAMMAR, rest, names).readings("request"):
        if not contradicts(rest):
            yield (*question, *later)


def question_in(text: str, names: Vocabulary) -> tuple[Intent, ...] | None:
    """Recognize a question by its words; None for anything else."""
    tokens = tokens_of(text[:_MOST_CHARACTERS], names.kept())[:_MOST_TOKENS]
    if not tokens or not (tokens[-1].word == "?" or tokens[0].word in _ASKING):
        return None
    return spotted(Chart(GRAMMAR, tokens, names))


def need_of(text: str, names: Vocabulary) -> DescribedModel | None:
    """Read the description of a model, such as "images, tools, 200k"; None if it is unclear."""
    tokens: tuple[Token, ...] = tokens_of(text)
    if len(text) > _MOST_CHARACTERS or not tokens:
        return None
    for features in Chart(GRAMMAR, tokens, names).readings("needs"):
        found = described(features)
        if found is not None:
            return found
    return None
