"""Fetching of pictures from the web, within limits, and from public addresses only.

Whoever lets others choose addresses must not let them see what lies behind the firewall. So each
address that a host's name stands for is checked, the connection goes to the one that was checked
(and not to what the name may stand for a moment later), and so it is after each redirection.
"""

import ipaddress
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ocrkit import __version__
from ocrkit.errors import ImageError, MissingDecoderError

# An optional package, and slow to import.
if TYPE_CHECKING:
    import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_BYTES = 200_000_000
MAX_REDIRECTS = 5
SILENCE = 30.0
"""Seconds without an answer after which a server is given up."""
DEADLINE = 300.0
"""Seconds in which all must have come."""

REDIRECTS = (301, 302, 303, 307, 308)
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an address of version 4."""


def is_url(item: object) -> bool:
    """Whether an input is to be fetched from the web."""
    return isinstance(item, str) and item.lower().startswith(("http://", "https://"))


def fetch(url: str, name: str, allow_private: bool = False) -> bytes:
    """What is at an address; at most five redirections are followed.

    Args:
        url: http or https.
        name: The address for people.
        allow_private: Whether the server may be one of the own network. Another server that it
            redirects to may not.

    Raises:
        ImageError: There is no such server, it is of a private network, it refuses, is silent for
            30 s or not done after 300 s, or sends more than 200 MB.
        MissingDecoderError: The extra that reads from the web is not installed.
    """
    try:
        import httpx
    except ImportError as error:
        message = f"{name}: reading from the web needs an extra: pip install 'ocrkit[web]'"
        raise MissingDecoderError(message) from error
    end = time.monotonic() + DEADLINE
    try:
        # A proxy would connect to whatever it takes the host's name for.
        with httpx.Client(timeout=SILENCE, trust_env=False) as client:
            return _followed(client, httpx.URL(url), name, allow_private, end)
    except httpx.TimeoutException as error:
        raise ImageError(f"{name}: the server did not answer within {SILENCE:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ImageError(f"{name}: cannot be fetched: {error}") from error


def _followed(
    client: "httpx.Client", url: "httpx.URL", name: str, allow_private: bool, end: float
) -> bytes:
    """The answer that redirections lead to."""
    trusted = _origin(url) if allow_private else None
    hint = "give --allow-private (in Python, allow_private=True) if you trust it"
    for _ in range(MAX_REDIRECTS + 1):
        host, addresses = _lookup(url, name)
        private = [address for address in addresses if not is_public(address)]
        if private and _origin(url) != trusted:
            raise ImageError(f"{name}: {host} is {private[0]}, of a private network; {hint}")
        hint = "redirections to such are not followed"
        response = _answer(client, url, addresses)
        try:
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                return b"".join(_body(response, name, end))
            url = url.join(response.headers["location"])
        finally:
            response.close()
    raise ImageError(f"{name}: was redirected more than {MAX_REDIRECTS} times")


def _origin(url: "httpx.URL") -> tuple[str, str, int | None]:
    """The server."""
    return url.scheme, url.host, url.port


def _lookup(url: "httpx.URL", name: str) -> tuple[str, list[Address]]:
    """A host and its addresses."""
    if url.scheme not in ("http", "https") or not url.host:
        raise ImageError(f"{name}: leads to {url.scheme}://{url.host}, which is not on the web")
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    try:
        answers = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ImageError(f"{name}: there is no server {url.host}: {error}") from error
    texts = dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers)
    return url.host, [ipaddress.ip_address(text) for text in texts]


def _answer(client: "httpx.Client", url: "httpx.URL", addresses: list[Address]) -> "httpx.Response":
    """What the first of a host's addresses that can be reached answers."""
    import httpx

    for address in addresses[:-1]:
        try:
            return client.send(_request(client, url, address), stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return client.send(_request(client, url, addresses[-1]), stream=True)


def _request(client: "httpx.Client", url: "httpx.URL", address: Address) -> "httpx.Request":
    """The request for what is at `url`, to one address of its host."""
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"ocrkit/{__version__}",
        "Accept-Encoding": "identity",
    }
    request = client.build_request("GET", url.copy_with(host=str(address)), headers=headers)
    request.extensions["sni_hostname"] = url.raw_host.decode("ascii")  # for its certificate
    return request


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The address of version 4 that packets to one of version 6 end up at, if that is so."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _body(response: "httpx.Response", name: str, end: float) -> Iterator[bytes]:
    """What a server sends, as long as it keeps to the limits."""
    if response.status_code != 200:
        reason = f"{response.status_code} {response.reason_phrase}".strip()
        raise ImageError(f"{name}: the server answered {reason}")
    length = response.headers.get("content-length", "")
    size = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0
    _check(size, name, end)
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        _check(size, name, end)
        yield chunk


def _check(size: int, name: str, end: float) -> None:
    """Raise `ImageError` if this many bytes are too many, or the time is over."""
    if size > MAX_BYTES:
        raise ImageError(f"{name}: is larger than {MAX_BYTES / 1e6:g} MB; fetch it yourself")
    if time.monotonic() > end:
        raise ImageError(f"{name}: took longer than {DEADLINE:g} s; fetch it yourself")
