from llmring.batch.journal.failed_rows import FailedRows


def test_b32_a_failed_row_is_known_by_the_class_of_its_error() -> None:
    failed = FailedRows()
    failed.add(7, "ProviderTimeoutError", passing=True)

    assert 7 in failed
    assert 8 not in failed
    assert failed.pop(7) == "ProviderTimeoutError"
    assert 7 not in failed
    assert failed.pop(7) is None


def test_b32_rows_are_asked_again_if_they_may_succeed_or_all_are_wanted() -> None:
    failed = FailedRows()
    failed.add(9000, "ProviderTimeoutError", passing=True)
    failed.add(3, "ContentPolicyError", passing=False)

    assert list(failed.to_ask_again(lasting=False)) == [9000]
    assert list(failed.to_ask_again(lasting=True)) == [3, 9000]


def test_b32_any_number_of_classes_can_be_kept() -> None:
    failed = FailedRows()
    for at in range(300):
        failed.add(at, f"Error{at}", passing=at % 2 == 0)

    assert [failed.pop(at) for at in (0, 124, 299)] == ["Error0", "Error124", "others"]
    assert list(failed.to_ask_again(lasting=False))[:2] == [2, 4]
