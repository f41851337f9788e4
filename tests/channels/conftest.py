"""Real servers on loopback that play the provider: one for HTTP, one for SMTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class HttpSink:
    """Answers every POST as told and remembers what it got; `hang_up` closes without an answer."""

    url: str = ""
    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    got: list[tuple[Mapping[str, str], Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append((headers, dict(request.query), await request.read()))
        if self.hang_up and request.transport is not None:
            request.transport.abort()
        return web.Response(status=self.status, body=self.body, headers=self.headers)


@pytest.fixture
async def http_sink() -> AsyncIterator[HttpSink]:
    sink = HttpSink()
    app = web.Application()
    app.router.add_post("/{tail:.*}", sink.take)
    async with TestServer(app) as server:
        sink.url = str(server.make_url("/hook"))
        yield sink


@dataclass
class SmtpSink:
    """A mail server that says what `replies` tells it to, by the first word of a command or `.` for a mail's end.

    A reply of "" hangs up, one of "HANG" never comes;
    after one that ends in ABORT the connection is reset. `mails` are (sender line, reader line, content).
    """

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE 1000000")
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)
    mails_per_connection: int = 0
    connections: int = 0
    words: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        said = self.replies.get("HELLO", "220 ready")
        mails_before = len(self.mails)
        while said:
            if said == "HANG":
                await asyncio.sleep(60)
            writer.write(said.encode() + b"\r\n")
            if said.startswith("421"):
                break
            if said.endswith("ABORT"):
                await asyncio.sleep(0.05)
                writer.transport.abort()
            said = await self._next(reader)
            tired = 0 < self.mails_per_connection <= len(self.mails) - mails_before
            if tired and self.words[-1].startswith("MAIL"):
                said = "421 4.7.0 enough for one connection"
        writer.close()

    async def _next(self, reader: asyncio.StreamReader) -> str:
        line = (await reader.readline()).decode().strip()
        self.words.append(line)
        word = line[:4].upper()
        if word == "DATA" and self.replies.get("DATA", "354").startswith("354"):
            return self.replies.get("DATA", "354 go on")
        if word == "EHLO":
            return self.replies.get(word, "".join(f"250-{each}\r\n" for each in ("hi", *self.extensions)) + "250 OK")
        if not word or word in ("MAIL", "RCPT", "RSET", "QUIT", "AUTH", "STAR", "DATA"):
            return self.replies.get(word, "250 2.1.0 OK" if word else "")
        return await self._content(line, reader)

    async def _content(self, first: str, reader: asyncio.StreamReader) -> str:
        content = first.encode() + b"\r\n"
        while first != "." and (line := await reader.readline()) not in (b".\r\n", b""):
            content += line
        envelope = [line for line in self.words if line[:4] in ("MAIL", "RCPT")]
        self.mails.append((envelope[-2], envelope[-1], content))
        self.words.append(".")
        return self.replies.get(".", "250 2.0.0 OK queued as 1")


@pytest.fixture
async def smtp_sink() -> AsyncIterator[SmtpSink]:
    sink = SmtpSink()
    server = await asyncio.start_server(sink.talk, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    yield sink
    server.close()


@pytest.fixture
def account(smtp_sink: SmtpSink) -> dict[str, Any]:
    """The settings of an e-mail channel that talks to the sink."""
    return {"host": "127.0.0.1", "port": str(smtp_sink.port), "security": "none", "from_address": "shop@example.com"}
