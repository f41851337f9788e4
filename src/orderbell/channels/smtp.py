"""The wire under e-mail: an SMTP connection that takes one mail after the other and knows how far each got.

aiosmtplib connects, upgrades and signs in; then a small protocol of our own takes the connection over, because a
mail's fate depends on the exact step at which it failed, and because envelope commands sent together
(RFC 2920 pipelining) halve the time of a mail.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import aiosmtplib

from orderbell.base.http import AddrInfo, resolve

# With the 15 s a mail may queue for a connection: below the 60 s a claimed message stays with its worker.
CONNECT_S = 15.0
ANSWER_S = 25.0
_MAX_REPLY_BYTES = 32_768
_REPLY = re.compile(rb"(\d{3})([ -]?)(.*)")


class Step(StrEnum):
    """Where in the talk a server said no."""

    CONNECT = "connect"
    SENDER = "sender"
    READER = "reader"
    CONTENT = "content"


class SmtpRefused(Exception):
    """The server answered a step with something else than yes; `code` is its three digits."""

    def __init__(self, step: Step, code: int, words: str) -> None:
        super().__init__(words)
        self.step = step
        self.code = code
        self.words = words


class SmtpLost(Exception):
    """The connection ended or fell silent.

    `unsure`: the whole mail was out, so it may have been taken. `stale`: the server hung up before the mail.
    """

    def __init__(self, words: str, *, unsure: bool = False, stale: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.unsure = unsure
        self.stale = stale


@dataclass(frozen=True, kw_only=True)
class Account:
    """How to reach a mail server. `security`: none, starttls or tls; an empty `username` means no sign-in."""

    host: str
    port: int
    security: str
    hello_name: str
    username: str = ""
    password: str = ""
    allow_private: bool = False


@dataclass(frozen=True)
class Reply:
    """One answer of the server, its lines joined by a space."""

    code: int
    words: str


class Line(asyncio.Protocol):
    """One connection, signed in, ready for one mail after the other."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool, sized: bool) -> None:
        self._transport = transport
        self._pipelining = pipelining
        self._sized = sized
        self._buffer = b""
        self._partial: list[str] = []
        self._replies: deque[Reply] = deque()
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._held_back = False
        self._busy = False
        self._late = False
        self.closed = False
        self.idle_since = 0.0

    @property
    def ready(self) -> bool:
        """Whether the next mail may use this connection."""
        return not (self.closed or self._busy or self._transport.is_closing())

    async def hand_over(self, sender: str, reader: str, content: bytes) -> Reply:
        """Give one mail to the server and return its yes.

        Raises:
            SmtpRefused: the server said no; the connection may be used on.
            SmtpLost: the connection is gone.
        """
        self._busy = True
        alarm = asyncio.get_running_loop().call_later(ANSWER_S, self._give_up)
        try:
            return await self._talk(sender, reader, content)
        finally:
            alarm.cancel()

    async def _talk(self, sender: str, reader: str, content: bytes) -> Reply:
        size = f" SIZE={len(content)}" if self._sized else ""
        replies = await self._envelope(
            (f"MAIL FROM:<{sender}>{size}\r\n".encode(), f"RCPT TO:<{reader}>\r\n".encode(), b"DATA\r\n")
        )
        for step, reply in zip((Step.SENDER, Step.READER, Step.CONTENT), replies, strict=False):
            if reply.code != 354 if step is Step.CONTENT else not 200 <= reply.code < 300:
                await self._back_out(opened=replies[-1].code == 354)
                raise SmtpRefused(step, reply.code, reply.words)
        if len(replies) < 3:
            raise SmtpLost("The server closed the connection.", stale=True)
        answer = await self._content(content)
        if not 200 <= answer.code < 300:
            await self._back_out(opened=False)
            raise SmtpRefused(Step.CONTENT, answer.code, answer.words)
        self._busy = False
        return answer

    def close(self) -> None:
        """Say goodbye and let go."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
        self.closed = True

    async def _envelope(self, commands: tuple[bytes, ...]) -> list[Reply]:
        if self._pipelining:
            return await self._ask(b"".join(commands), len(commands))
        replies: list[Reply] = []
        for command in commands:
            replies += await self._ask(command, 1)
            if not replies or replies[-1].code >= 400:
                break
        return replies

    async def _content(self, content: bytes) -> Reply:
        if b"\r\n." in content:
            content = content.replace(b"\r\n.", b"\r\n..")
        try:
            replies = await self._ask(content + b".\r\n", 1)
        except SmtpLost as lost:
            # Bytes that never left this process hold the final dot: then the server cannot have taken the mail.
            raise SmtpLost(lost.words, unsure=not self._held_back) from None
        if not replies:
            raise SmtpLost("The server closed the connection after the mail was sent.", unsure=not self._held_back)
        return replies[0]

    async def _back_out(self, *, opened: bool) -> None:
        # A server that says yes to DATA though it refused the reader waits for a mail: an empty one ends it.
        with suppress(SmtpLost):
            replies = await self._ask(b".\r\nRSET\r\n" if opened else b"RSET\r\n", 2 if opened else 1)
            self._busy = not replies or replies[-1].code != 250

    async def _ask(self, commands: bytes, answers: int) -> list[Reply]:
        if self.closed or self._transport.is_closing():
            raise SmtpLost("The connection was closed.", stale=True)
        # Whatever is left over belongs to an earlier question.
        self._replies.clear()
        self._wanted = answers
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(commands)
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._late:
            raise SmtpLost("The server did not answer in time.")
        return list(self._replies)

    def _give_up(self) -> None:
        self._late = True
        self._transport.abort()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take in what the server says; replies nobody asked for end the connection."""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            self._read_line(line.rstrip(b"\r"))
        if len(self._buffer) > _MAX_REPLY_BYTES or len(self._partial) > 100:
            self._transport.abort()
        elif self._waiter is None and self._replies:
            self._transport.close()
        elif len(self._replies) >= self._wanted:
            self._wake()

    def _read_line(self, line: bytes) -> None:
        match = _REPLY.fullmatch(line)
        if match is None:
            self._transport.abort()
            return
        code, dash, words = match.groups()
        self._partial.append(words.decode("utf-8", "replace"))
        if dash != b"-":
            self._replies.append(Reply(int(code), f"{int(code)} {' '.join(self._partial)}".strip()))
            self._partial.clear()

    def connection_lost(self, _: Exception | None) -> None:
        """The connection ended; whoever waits gets the replies that did come."""
        self.closed = True
        self._wake()

    def pause_writing(self) -> None:
        """Some bytes still wait in this process."""
        self._held_back = True

    def resume_writing(self) -> None:
        """All bytes are with the operating system."""
        self._held_back = False

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def connect(account: Account) -> Line:
    """A fresh connection, upgraded and signed in as the account says.

    Raises:
        SmtpRefused: the server does not want us.
        SmtpLost: no connection, or it broke.
        NotAllowedTarget: the server's address is not public and the account may not use private ones.
    """
    smtp = aiosmtplib.SMTP(
        hostname=account.host,
        use_tls=account.security == "tls",
        start_tls=account.security == "starttls",
        local_hostname=account.hello_name,
        username=account.username or None,
        password=account.password or None,
        timeout=CONNECT_S,
    )
    try:
        async with asyncio.timeout(CONNECT_S):
            infos = await resolve(account.host, account.port, allow_private=account.allow_private)
            await smtp.connect(sock=await _open_socket(infos))
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
    except aiosmtplib.SMTPResponseException as refused:
        smtp.close()
        raise SmtpRefused(Step.CONNECT, refused.code, f"{refused.code} {refused.message}") from None
    except (OSError, aiosmtplib.SMTPServerDisconnected) as lost:
        smtp.close()
        raise SmtpLost(str(lost) or "The server did not answer in time.") from None
    except (aiosmtplib.SMTPException, UnicodeError) as unfit:
        smtp.close()
        raise SmtpRefused(Step.CONNECT, 504, str(unfit)) from None
    return _take_over(smtp)


def _take_over(smtp: aiosmtplib.SMTP) -> Line:
    # Our own reader replaces aiosmtplib's on the same transport, which may be TLS by now.
    transport = cast(asyncio.Transport, smtp.transport)
    line = Line(transport, pipelining=smtp.supports_extension("pipelining"), sized=smtp.supports_extension("size"))
    # Zero high water: `pause_writing` then tells exactly whether bytes are still here.
    transport.set_write_buffer_limits(high=0)
    transport.set_protocol(line)
    return line


async def _open_socket(infos: list[AddrInfo]) -> socket.socket:
    failed = OSError("The name has no address.")
    for family, kind, proto, _, where in infos:
        sock = socket.socket(family, kind, proto)
        sock.setblocking(False)
        connected = False
        try:
            await asyncio.get_running_loop().sock_connect(sock, where)
            connected = True
            return sock
        except OSError as error:
            failed = error
        finally:
            if not connected:
                sock.close()
    raise failed
