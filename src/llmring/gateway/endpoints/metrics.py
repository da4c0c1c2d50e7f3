"""The metrics of the gateway, for Prometheus."""

from __future__ import annotations

from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.lookers import check_looker
from llmring.gateway.refusals import NotSupportedError
from llmring.gateway.server_state import Gateway
from llmring.gateway.watching.exposition import exposition, media_type


async def answer_metrics(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with the metrics of all processes of the gateway.

    Raises:
        ForbiddenError: As for `check_looker`.
        NotSupportedError: The gateway keeps no records.
    """
    check_looker(gateway, request)
    if gateway.watching is None:
        raise NotSupportedError("metrics are not offered here")
    gateway.watching.flush()
    media = media_type(request.headers.get("accept", ""))
    body = exposition(gateway.watching.records.metrics.rows(), media)
    return GatewayAnswer(headers={"content-type": media, "cache-control": "no-store"}, body=body)
