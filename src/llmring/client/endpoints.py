"""A provider's address and key, out of the variables that its row names."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from llmring.address import is_usable, shown, variables_in
from llmring.client.settings import value_of
from llmring.exceptions import ConfigurationError
from llmring.providers import Provider
from llmring.routing.targets import Endpoint

# Where a server listens on all addresses, one of them is this machine's own.
_BIND_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def endpoint(row: Provider, env: Mapping[str, str]) -> Endpoint:
    """A provider's address and key, as the environment gives them.

    Raises:
        ConfigurationError: A variable holds what can't be used.
    """
    key = next(filter(None, (_key(env, name) for name in row.key_env)), None)
    for name in row.base_url_env:
        url = value_of(env, name)
        if url is not None:
            base_url, login = _address(url, row.base_url, name)
            return Endpoint(row, base_url, key, login)
    base_url, login = _filled_in(row.base_url, env)
    return Endpoint(row, base_url, key, login)


def _filled_in(template: str, env: Mapping[str, str]) -> tuple[str, str | None]:
    """An address with the variable in it filled in, if that is set, and the login it held."""
    for name in variables_in(template):
        value = value_of(env, name)
        if value is None:
            break
        before, _, after = template.partition(f"{{{name}}}")
        if not before:
            # What it holds is the address of a server, often with the path already, or bare.
            value = value.rstrip("/").removesuffix(after)
            before = "" if "://" in value else "https://"
        return _address(f"{before}{value}{after}", template, name)
    return template, None


def _key(env: Mapping[str, str], name: str) -> str | None:
    key = value_of(env, name)
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            f"{name} holds a character that no key has, such as a line break; copy the key again"
        )
    return key


def _address(value: str, default: str, variable: str) -> tuple[str, str | None]:
    """A base URL as people write it, and the "user:password" that it held, if any.

    Ollama's variable may be a bare host, or the address to bind.
    """
    usual = urlsplit(default)
    bare = "://" not in value
    host = usual.hostname if value.startswith(":") else ""
    url = f"{usual.scheme}://{host}{value}" if bare else value
    parts = urlsplit(url) if is_usable(url) else None
    if parts is None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{variable} is {shown(value)!r}, which can't be used; it should look like {default}"
        )
    host = _BIND_ALL.get(parts.hostname or "", parts.hostname or "")
    port = parts.port or (usual.port if bare else None)
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    login, at, _ = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/"), unquote(login) if at else None
