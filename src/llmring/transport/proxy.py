"""The proxy for a host, from the variables that name proxies."""

from __future__ import annotations

from llmring.exceptions import ConfigurationError


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the proxy for a host, from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Loopback is never reached through a proxy: a proxy could not reach it.

    Raises:
        ConfigurationError: The proxy's kind is not supported, or its address is invalid.
    """
    from urllib.request import getproxies_environment, proxy_bypass

    from llmring.address import is_loopback, is_usable, without_login

    if is_loopback(host):
        return None
    proxies = getproxies_environment()
    kind = scheme if scheme in proxies else "all"
    proxy = proxies.get(kind)
    if proxy is None or proxy_bypass(host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not is_usable(proxy):
        raise ConfigurationError(
            f"{kind.upper()}_PROXY is {without_login(proxy)!r}, which can't be used; set it to "
            f"a URL "
            "like http://proxy.example:8080, or name the host in NO_PROXY"
        )
    return proxy
