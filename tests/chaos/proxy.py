"""A wire that misbehaves: a TCP proxy of our own between us and a provider, with faults one can switch while it runs.

`Fault` says what the wire does to new and open connections. Nothing here knows what is spoken over it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass, field, replace

CHUNK = 65_536
# SO_LINGER with a time of zero: closing sends RST instead of FIN (socket(7), Linux man-pages).
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the wire does. All chances are from 0 to 1."""

    refuse: bool = False
    """Connections are reset as soon as they are made."""
    silent: bool = False
    """Half open: connections are taken, and nothing passes in either direction."""
    latency_s: float = 0.0
    jitter_s: float = 0.0
    reset: float = 0.0
    """The chance that a piece of data resets the connection instead of passing."""
    lose: float = 0.0
    """The chance that a piece, and all that follows it on the connection, goes nowhere."""
    slice_bytes: int = 0
    """Pass data in pieces of so many bytes, `slice_s` apart; 0 passes it whole."""
    slice_s: float = 0.0
    garbage: bool = False
    """Answer each connection with bytes of no protocol."""


GOOD = Fault()


@dataclass
class Proxy:
    """One listening port that leads to another."""

    target_port: int
    seed: int = 0
    fault: Fault = GOOD
    port: int = 0
    passed: int = 0
    """Connections that were let through."""
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _meetings: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> Proxy:
        """Listen on a port of 127.0.0.1 that is then known as `port`."""
        self._dice = random.Random(self.seed)
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def set(self, **changes: object) -> None:
        """From now on the wire does this, and nothing else; open connections feel it too."""
        self.fault = replace(GOOD, **changes)  # type: ignore[arg-type]
        if self.fault.refuse:
            for writer in list(self._open):
                _reset(writer)

    async def close(self) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            _reset(writer)
        if self._meetings:
            await asyncio.wait(self._meetings, timeout=3)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._meetings.add(task)
        task.add_done_callback(self._meetings.discard)
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, OSError, asyncio.IncompleteReadError):
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault.refuse:
            raise ConnectionResetError
        if self.fault.garbage:
            writer.write(self._dice.randbytes(200) + b"\r\n")
            await writer.drain()
            return
        while self.fault.silent:
            await asyncio.sleep(0.1)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        self.passed += 1
        self._open.add(far_writer)
        there = asyncio.create_task(self._pass(reader, far_writer))
        back = asyncio.create_task(self._pass(far_reader, writer))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            # What the far end still has to say after a close is let through for a moment.
            await asyncio.wait([there, back], timeout=1)
        finally:
            self._open.discard(far_writer)
            far_writer.close()
            for task in (there, back):
                task.cancel()
            ended = await asyncio.gather(there, back, return_exceptions=True)
        if any(isinstance(each, ConnectionResetError) for each in ended):
            raise ConnectionResetError

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lost = False
        while data := await reader.read(CHUNK):
            fault = self.fault
            if fault.refuse or self._dice.random() < fault.reset:
                raise ConnectionResetError
            lost = lost or self._dice.random() < fault.lose
            if fault.latency_s or fault.jitter_s:
                await asyncio.sleep(fault.latency_s + self._dice.uniform(0, fault.jitter_s))
            while self.fault.silent:
                await asyncio.sleep(0.1)
            if not lost:
                await self._write(writer, data)
        with contextlib.suppress(OSError):
            writer.write_eof()

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        size = self.fault.slice_bytes or len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            if self.fault.slice_bytes:
                await asyncio.sleep(self.fault.slice_s)


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
