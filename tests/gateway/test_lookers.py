"""Those who may look at the records of a gateway."""

import pytest

from gateways import gateway_of, get
from llmring.gateway.caller import ANYONE, Caller
from llmring.gateway.lookers import check_looker
from llmring.gateway.refusals import ForbiddenError
from llmring.gateway.served_ring import ServedRing


@pytest.mark.parametrize(
    ("is_open", "caller"), [(True, ANYONE), (True, Caller(key_id="k")), (False, Caller(key_id="k"))]
)
def test_g138_an_open_gateway_is_shown_to_all_and_others_to_callers_with_a_key(
    is_open: bool, caller: Caller
) -> None:
    check_looker(gateway_of(ServedRing(), is_open=is_open), get(caller=caller))


def test_g138_a_gateway_that_others_reach_is_not_shown_without_a_key() -> None:
    with pytest.raises(ForbiddenError):
        check_looker(gateway_of(ServedRing(), is_open=False), get())
