"""The one door through which requests leave the house; it opens to public addresses only (promises E1 to E5).

A name is resolved once per connection, every answer is checked, and only a checked address is connected to, while
the certificate is still checked against the name. Strings are judged early for people's sake; addresses are judged
for safety.
"""

from __future__ import annotations

import asyncio
import email.utils
import errno
import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from orderbell.base.errors import BadInput

PORTS = frozenset({80, 443, 8080, 8443})
MAX_BODY_BYTES = 65_536
MAX_HEADER_BYTES = 16_384
SHOWN_CHARS = 1_000
MAX_RETRY_AFTER_S = 86_400
MAX_URL_CHARS = 2_048
_KEEPALIVE_S = 15.0
_CONNECTIONS = 128

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
AddrInfo = tuple[int, int, int, str, tuple[Any, ...]]

# IANA special-purpose registries, read 2026-11-22.
_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(ipaddress.IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_UNCLEAN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_AUTHORITY = re.compile(r"[^/]*//([^/?#]*).*")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class PostFailed(Exception):
    """A request that brought no answer; `words` say why, for people."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words[:SHOWN_CHARS]


class NotAllowedTarget(PostFailed):
    """The address is not one this house may talk to; nothing was connected."""


class NotReached(PostFailed):
    """The request was certainly not sent."""


class NoAnswer(PostFailed):
    """The request went out, at least in part, and no answer came: it may have had its effect."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, at most 64 kB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx; a redirect is not."""
        return 200 <= self.status < 300

    @property
    def body_head(self) -> str:
        """The part of the body a merchant may see: its first kilobyte, as harmless text."""
        return _UNPRINTABLE.sub(" ", self.body[:SHOWN_CHARS].decode("utf-8", "replace"))

    @property
    def words(self) -> str:
        """Status and the shown part of the body, in at most 1,000 characters."""
        return f"{self.status} {self.body_head}".strip()[:SHOWN_CHARS]


@lru_cache(maxsize=4096)
def is_public(ip: str | Ip) -> bool:
    """Whether an address belongs to the public internet; anything that is no address is not."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0]) if isinstance(ip, str) else ip
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in block for block in _CLOSED_V6)


def check_host(host: str, allow_private: bool = False) -> None:
    """Let pass a host name that may be public; names are judged again, by address, when connecting.

    Raises:
        BadInput: `unsafe_url` for private addresses, odd spellings of addresses, and names of this machine.
    """
    bare = host.removesuffix(".")
    labels = bare.split(".")
    if not bare or len(bare) > 253 or any(len(label) > 63 for label in labels):
        raise _unsafe("The host name is empty or too long.")
    if allow_private:
        return
    # glibc reads 127.1, 0x7f000001 and 2130706433 as addresses: a host ending in a number must be a proper one.
    if ":" in bare or _NUMERIC.fullmatch(labels[-1]):
        if not is_public(bare):
            raise _unsafe(f"{host} is not a public address.")
    elif labels[-1].lower() == "localhost":
        raise _unsafe(f"{host} names this machine.")


@lru_cache(maxsize=1024)
def check_url(url: str, allow_private: bool = False) -> URL:
    """The parsed address when requests may be sent there, its host in ASCII.

    Raises:
        BadInput: `unsafe_url`: not http or https, a user name in it, a closed port, or a host `check_host` refuses.
    """
    if len(url) > MAX_URL_CHARS or _UNCLEAN.search(url):
        raise _unsafe("The address is too long or holds spaces, control characters or a backslash.")
    try:
        target = URL(url)
        host, port = target.raw_host, target.port
    except ValueError:
        raise _unsafe("This is not a web address.") from None
    if target.scheme not in ("http", "https") or not host or port is None:
        raise _unsafe("The address must start with https:// or http:// and name a host.")
    if "@" in _AUTHORITY.sub(r"\1", url):
        raise _unsafe("The address must not hold a user name or password.")
    if not allow_private and port not in PORTS:
        raise _unsafe("The port must be 443, 80, 8443 or 8080.")
    check_host(host, allow_private)
    return target


def _unsafe(sentence: str) -> BadInput:
    return BadInput(sentence, code="unsafe_url", field="url")


async def resolve(host: str, port: int, *, allow_private: bool = False) -> list[AddrInfo]:
    """The addresses of a host, from a single lookup, all of them safe to connect to.

    Raises:
        NotAllowedTarget: any of the addresses is not public, or is this machine's own.
        OSError: the name does not resolve.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise OSError(errno.EINVAL, "the host name cannot be looked up") from None
    if not allow_private:
        for info in found:
            _check_address(str(info[4][0]))
    return list(found)


def _check_address(ip: str) -> None:
    if not is_public(ip) or _is_ours(ip):
        raise NotAllowedTarget(f"{ip} is not a public address of somebody else.")


def _is_ours(ip: str) -> bool:
    # Only an address of one of our interfaces can be bound; where the kernel lets everything be bound
    # (ip_nonlocal_bind) even this documentation address can, and binding tells nothing.
    return _can_bind(ip) and not _can_bind("2001:db8::1" if ":" in ip else "192.0.2.1")


def _can_bind(ip: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((ip, 0))
    except OSError:
        return False
    return True


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds a Retry-After header asks for (a number or an HTTP date), 0 to 24 h; None when it says nothing."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), MAX_RETRY_AFTER_S))
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


class Door:
    """Posts requests and keeps connections to checked addresses open for the next one.

    `keepalive_s` 0 opens a connection for every request: slower, but no request is ever lost in a connection that
    the other side was just closing.
    """

    def __init__(self, allow_private: bool = False, *, keepalive_s: float = _KEEPALIVE_S) -> None:
        self._allow_private = allow_private
        self._keepalive_s = keepalive_s
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, connect_s: float = 5, total_s: float = 15
    ) -> Answer:
        """Post `body` and return the answer, whatever its status; redirects are not followed.

        Raises:
            NotAllowedTarget: not an address to talk to.
            NotReached: not sent.
            NoAnswer: sent, and no telling what became of it.
        """
        try:
            target = check_url(url, self._allow_private)
        except BadInput as bad:
            raise NotAllowedTarget(bad.sentence) from None
        progress = _Progress()
        timeout = aiohttp.ClientTimeout(total=total_s, sock_connect=connect_s, ceil_threshold=total_s)
        try:
            async with self._opened().post(
                target, data=body, headers=headers, timeout=timeout, allow_redirects=False, trace_request_ctx=progress
            ) as response:
                return await _read(response)
        except (aiohttp.ClientError, OSError) as failed:
            words = str(failed) or "The time ran out."
            raise (NoAnswer(words) if progress.sent else NotReached(words)) from failed

    async def close(self) -> None:
        """Close every connection; the door may be used again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The only public way to learn whether a failed request had begun to leave.
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_sent)
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "OrderBell", "Accept-Encoding": "identity"},
                trust_env=False,
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES // 4,
                max_field_size=MAX_HEADER_BYTES // 2,
                max_headers=64,
                trace_configs=[trace],
            )
        return self._session

    def _connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            resolver=_Resolver(self._allow_private),
            # A cached answer would be one that was checked for an earlier attempt.
            use_dns_cache=False,
            limit=_CONNECTIONS,
            force_close=not self._keepalive_s,
            keepalive_timeout=self._keepalive_s or None,
            socket_factory=_open_socket if self._allow_private else _open_checked_socket,
        )


@dataclass(slots=True)
class _Progress:
    sent: bool = False


async def _note_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.sent = True


class _Resolver(AbstractResolver):
    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        infos = await resolve(host, port, allow_private=self._allow_private)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=str(where[0]), port=port, family=kind, proto=proto, flags=flags)
            for kind, _, proto, _, where in infos
        ]

    async def close(self) -> None:
        return


def _open_socket(info: AddrInfo) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])


def _open_checked_socket(info: AddrInfo) -> socket.socket:
    # The last wall: address literals never pass the resolver, and whatever comes here is about to be connected.
    _check_address(str(info[4][0]))
    return _open_socket(info)


async def _read(response: aiohttp.ClientResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > MAX_HEADER_BYTES:
        raise aiohttp.ClientPayloadError("The answer's headers are larger than 16 kB.")
    return Answer(status=response.status, headers=headers, body=await _read_body(response))


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    try:
        while len(body) < MAX_BODY_BYTES and (piece := await response.content.read(MAX_BODY_BYTES - len(body))):
            body += piece
    except (aiohttp.ClientError, OSError) as broken:
        # The status line is the answer; a body that breaks off or never ends does not take it back.
        body += f" [{type(broken).__name__}]".encode()
    if not response.content.at_eof():
        response.close()
    return bytes(body)
