"""The IDs of replies."""

import pytest

from llmring.gateway.chats.reply_ids import new_reply_id
from llmring.gateway.wires import WIRES, Wire


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
def test_each_reply_has_another_id(wire: Wire) -> None:
    assert len({new_reply_id(wire.name) for _ in range(100)}) == 100
