"""Those who may look at the records of a gateway."""

import pytest

from gateways import gateway_of, get
from llmring.gateway.caller import ANYONE, Caller
from llmring.gateway.lookers import check_looker
from llmring.gateway.refusals import ForbiddenError
from llmring.gateway.served_ring import ServedRing

ADMIN = Caller(key_id="k", is_admin=True)


@pytest.mark.parametrize(
    ("is_open", "caller"), [(True, ANYONE), (True, Caller(key_id="k")), (False, ADMIN)]
)
def test_g138_an_open_gateway_is_shown_to_all_and_others_to_those_who_manage_it(
    is_open: bool, caller: Caller
) -> None:
    check_looker(gateway_of(ServedRing(), is_open=is_open), get(caller=caller))


@pytest.mark.parametrize("caller", [ANYONE, Caller(key_id="k")])
def test_g138_a_gateway_that_others_reach_is_shown_to_no_other_key(caller: Caller) -> None:
    with pytest.raises(ForbiddenError):
        check_looker(gateway_of(ServedRing(), is_open=False), get(caller=caller))
