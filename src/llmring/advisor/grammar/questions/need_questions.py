"""Questions for a model: "which model reads PDFs and calls tools?"."""

from __future__ import annotations

from collections.abc import Iterator

from llmring.advisor.grammar.chart import Chart, Rule, Values, rules
from llmring.advisor.grammar.intent_parts import LEFT_OUT, DescribedModel, ModelList, ModelPhrase
from llmring.advisor.grammar.intents import Ask, Recommend
from llmring.advisor.grammar.need_phrases import described
from llmring.advisor.grammar.words import NOT_NAMES
from llmring.advisor.ranking import Need

Clause = tuple[Ask, ...]

_MOST_WORDS = 4
# Words that other phrases use, too.
_THINGS = frozenset(
    """
    chat chatbot chatbots support code coding search research agent agents customer writing
    translation data extraction classification summarization testing batch web mobile backend
    frontend internal text math
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
_NO_THINGS = NOT_NAMES | frozenset(
    """
    except excluding but rather ideally preferably unless avoid against although though
    however yet still ever hardly barely neither either whether nor plus minus like unlike
    """.split()  # noqa: SIM905 -- as a list, one word a line
)
_BUILDS = "(building|writing|making|developing|working on|creating|launching|shipping)"


def _recommended(v: Values) -> Clause:
    return (Recommend(v["models"], v.get("use") or LEFT_OUT),)


def _plain_need() -> ModelPhrase:
    return DescribedModel(Need())


def _need_only(v: Values) -> Clause | None:
    """Accept models that are described, since a name alone does not ask for one."""

    models: ModelList = v["models"]
    if not all(isinstance(each, DescribedModel) for each in models.models):
        return None
    return (Recommend(models),)


def _described_question(v: Values) -> Clause | None:
    need = described((*v.get("qualities", ()), *v.get("tails", ())))
    return None if need is None else (Recommend(ModelList(models=(need,))),)


def _offered(v: Values) -> Clause | None:
    return _described_question({"qualities": (v["vendor"],), "tails": v.get("tails", ())})


def _able_question(v: Values) -> Clause:
    need = Need(capabilities=tuple(sorted(set(v["abilities"]))))
    return (Recommend(ModelList(models=(DescribedModel(need),))),)


def purpose_thing(chart: Chart, at: int) -> Iterator[tuple[str, int]]:
    """Yield a thing that a model is for, such as "chat app", of words that mean nothing else."""
    names = chart.names
    words: list[str] = []
    for token in chart.tokens[at : at + _MOST_WORDS]:
        word = token.word
        is_name = names.alias(token.text) or names.profile(token.text) or word in names.providers
        if is_name or not word.isalpha() or names.models.find([word]) or word in _NO_THINGS:
            return
        if chart.uses(word) and word not in _THINGS:
            return
        words.append(word)
        yield " ".join(words), at + len(words)


RULES: dict[str, tuple[Rule, ...]] = {
    "recommend": rules(
        ("(who makes|who has|who offers|who sells) <models>", _need_only),
        ("<models> [for <purpose>]", _need_only),
        (
            "<purpose_thing> (needs|wants|requires|should have|should get|could use|calls for|is "
            "looking for|has to have|should have) <models>",
            _need_only,
        ),
        (
            f"(i am|we are) {_BUILDS} <purpose_thing> [,|and|.] [i|we|it|that|which] [will] "
            "(need|needs|want|wants|require|requires) <models>",
            _need_only,
        ),
        (
            "(recommend|suggest|propose|find|find me|show|show me|list|give me|i need|i "
            "want|i would like|we need|looking for|i am looking for|we are looking for|i look for|"
            "search for|search|get me|name|show me|pick|choose|select|help me find|help "
            "me choose|do you have|do you know|is there|are there|we want|need|have you "
            "got|any|got) <models> [for <purpose>|to use for <purpose>]",
            _need_only,
        ),
        (
            "(what is|what are|which is|which are|what would be|what will be|who is|who "
            "has) <models> [for <purpose>|available|there is|you know|in registry|that "
            "you know|to use]",
            _need_only,
        ),
        (
            "(which|what) <models> [should i use|should we use|do you recommend|would "
            "you recommend|is available|are available|can i use|do you suggest|is there|"
            "are there|would you use|do you know] [for <purpose>]",
            _need_only,
        ),
        (
            "(which|what) (model|models) (is|are|would be) <qualities> [<tails>] [for <purpose>]",
            _described_question,
        ),
        (
            "(which|what) (model|models|one) [can|could|that] <abilities> [for <purpose>]",
            _able_question,
        ),
        (
            "(which|what) (model|models) (has|have) <superlative>  [context] [window]",
            lambda v: _described_question({"qualities": (v["superlative"],)}),
        ),
        (
            "(which|what) (model|models) <tails>",
            lambda v: _described_question({"qualities": (), "tails": v["tails"]}),
        ),
        (
            "(recommend|suggest|find me|what do you recommend|what would you recommend|"
            "what do you suggest) <models> for <use>",
            _recommended,
        ),
        (
            "(what|which model) (should|would|could|do) (i|we|you) (use|take|choose|pick|"
            "recommend|suggest) for <purpose>",
            lambda _: (Recommend(ModelList(models=(_plain_need(),))),),
        ),
        (
            "(what|which model) (should|would|could|do) (i|we|you) (use|take|choose|pick|"
            "recommend|suggest) for [<purpose_thing>] [very] [long|large|short] <abilities>",
            _able_question,
        ),
        (
            "(what|which model|which models|who) (does|do) <vendor> (offer|have|offers|has|sell) "
            "[<tails>]",
            _offered,
        ),
        (
            "(show me|list|show|what are|which are) [all|every] (models|everything|what) <vendor> "
            "(offers|has|offer|have|makes|sells) [<tails>]",
            _offered,
        ),
        (
            "(what|which model|which models) (do|would|should) (i|we|you) (use|take|"
            "choose|pick|recommend|suggest)",
            lambda _: (Recommend(ModelList(models=(_plain_need(),))),),
        ),
        (
            "(recommend|suggest) [something|model|me model|me something] [for <purpose>]",
            lambda _: (Recommend(ModelList(models=(_plain_need(),))),),
        ),
        ("(which|what) model is <qualities> for <purpose>", _described_question),
    ),
    "purpose": rules(
        ("<one:purpose_word>", lambda _: True),
        ("<one:purpose_thing>", lambda _: True),
        ("<one:purpose_word> [and|or] <two:purpose_word>", lambda _: True),
    ),
    "purpose_word": rules(
        (
            "(coding|code|programming|writing|summaries|summarization|summarizing|"
            "summarisation|chat|chatting|translation|translations|translating|"
            "classification|classifying|development|production|testing|tests|extraction|"
            "extracting data|data extraction|agents|agentic work|support|customer "
            "support|chatbot|chatbots|brainstorming|research|math|reasoning|analysis|"
            "drafts|documents|long documents|emails|dev|prod|staging|images|tools|rag|"
            "search|embedding text|general use|everyday use|prototyping|experiments|"
            "batch jobs|high volume|this|that|it|simple tasks|complex tasks|hard "
            "problems|hard tasks|reading pdfs|reading images)",
            lambda _: True,
        ),
    ),
}
LEXEMES = {"purpose_thing": purpose_thing}
