"""The report of why no model of an alias can be used."""

from llmring.chat.response import Attempt
from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderError,
    UnsupportedFeatureError,
)
from llmring.routing.skip_report import why_none


def skipped(model: str, **lacking: str) -> Attempt:
    error: ProviderError
    if lacking:
        error = UnsupportedFeatureError("the model lacks something")
        error.lacking = lacking
    else:
        error = ProviderAuthenticationError("no key; set A_KEY")
    return Attempt(model=model, outcome="skipped", reason=error.message, error=error)


def test_what_models_lack_is_a_table_of_models_and_capabilities() -> None:
    attempts = [
        skipped("openai:a", vision="no vision"),
        skipped("anthropic:bb", tools="no tools"),
        skipped("x:c", vision="no vision", tools="no tools"),
        skipped("y:d"),
    ]

    assert why_none(attempts).splitlines() == [
        "  openai:a      no vision",
        "  anthropic:bb             no tools",
        "  x:c           no vision  no tools",
        "  y:d                                no key; set A_KEY",
    ]


def test_where_no_model_lacks_anything_the_reasons_are_listed() -> None:
    assert why_none([skipped("y:d")]) == "  y:d skipped: no key; set A_KEY"
