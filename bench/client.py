"""A small HTTP/1.1 client over kept connections: it must cost less than what it measures."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from bench.processes import Broken

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
ANSWER_S = 60


class Line(asyncio.Protocol):
    """One connection, one question at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._until = 0
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """A connection to a port of the loopback."""
        _, line = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return line

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and body that answer a whole request."""
        assert self._transport is not None
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        found = LENGTH.search(self._buffer, 0, end + 2)
        until = end + 4 + (int(found[1]) if found else 0)
        if len(self._buffer) < until:
            return
        status, body, self._buffer = STATUS.match(self._buffer), self._buffer[end + 4 : until], self._buffer[until:]
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result((int(status[1]) if status else 0, body))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Broken("the server closed a connection before it answered"))


@dataclass(frozen=True)
class Door:
    """Where the server listens, and the key that opens it."""

    port: int
    token: str = ""

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The bytes of a whole request."""
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\nauthorization: Bearer {self.token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def call(self, method: str, path: str, value: object = None, *, body: bytes = b"") -> Any:
        """One request over a fresh connection; what its JSON says.

        Raises:
            Broken: no 2xx.
        """
        status, answer = await self._ask(method, path, body if value is None else json.dumps(value).encode())
        if not 200 <= status < 300:
            raise Broken(f"{method} {path} brought {status}: {answer[:500]!r}")
        return json.loads(answer) if answer else None

    async def is_ready(self) -> bool:
        """Whether somebody answers here, and has a database."""
        try:
            return (await self._ask("GET", "/readyz", b""))[0] == 200
        except (OSError, Broken):
            return False

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        line = await Line.open(self.port)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await line.ask(self.request(method, path, body))
        finally:
            line.close()


@dataclass
class Told:
    """What telling brought: when it began and ended, and how long each answer took."""

    began_at: float = 0.0
    ended_at: float = 0.0
    answers_s: list[float] = field(default_factory=list)

    @property
    def took_s(self) -> float:
        return self.ended_at - self.began_at


async def tell(door: Door, bodies: Sequence[bytes], *, lines: int) -> Told:
    """Post every body to /v1/events over `lines` connections, each as fast as it is answered.

    Raises:
        Broken: any answer that is no 202.
    """
    requests = iter([door.request("POST", "/v1/events", body) for body in bodies])
    opened = [await Line.open(door.port) for _ in range(lines)]
    told = Told(began_at=time.monotonic())

    async def work(line: Line) -> None:
        for request in requests:
            at = time.monotonic()
            status, answer = await line.ask(request)
            told.answers_s.append(time.monotonic() - at)
            if status != 202:
                raise Broken(f"POST /v1/events brought {status}: {answer[:500]!r}")

    try:
        await asyncio.gather(*(work(line) for line in opened))
        told.ended_at = time.monotonic()
    finally:
        for line in opened:
            line.close()
    return told


async def tell_paced(door: Door, bodies: Sequence[bytes], *, per_s: float, lines: int) -> list[float]:
    """Post the bodies at a fixed pace and return when each was due, late or not.

    The moment counts from the plan and not from the sending, so that a server that stalls cannot hide it.
    """
    free: asyncio.Queue[Line] = asyncio.Queue()
    opened = [await Line.open(door.port) for _ in range(lines)]
    for each in opened:
        free.put_nowait(each)
    began_at = time.monotonic() + 0.1
    due = [began_at + n / per_s for n in range(len(bodies))]

    async def post(body: bytes) -> None:
        line = await free.get()
        status, answer = await line.ask(door.request("POST", "/v1/events", body))
        free.put_nowait(line)
        if status != 202:
            raise Broken(f"POST /v1/events brought {status}: {answer[:500]!r}")

    try:
        async with asyncio.TaskGroup() as group:
            for at, body in zip(due, bodies, strict=True):
                await asyncio.sleep(at - time.monotonic())
                group.create_task(post(body))
    finally:
        for each in opened:
            each.close()
    return due
