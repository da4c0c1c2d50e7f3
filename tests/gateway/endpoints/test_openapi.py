"""The description of the gateway's endpoints, as a client gets it."""

from llmring import __version__
from served_gateway import ServedGateway


def test_g019_the_description_is_served_by_the_gateway_itself() -> None:
    with ServedGateway() as gateway:
        reply = gateway.ask("GET", "/openapi.json")

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["info"]["version"] == __version__
