"""The short form of `make bench-holding`: what each answer comes to, without the times."""

from chaos.holding import MIB, measured


def test_answers_that_take_long_to_read_end_as_they_should() -> None:
    outcomes = [outcome for _, _, outcome in measured(40 * MIB, rounds=1)]

    refused, unreadable = "ProviderResponseError", "UnreadableResponseError"
    assert outcomes == [
        *(refused, refused, refused, refused),
        *(unreadable, refused, refused),
        *(unreadable, "read", "read", unreadable, refused),
    ]
