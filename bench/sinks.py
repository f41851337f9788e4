"""The other side of the wire: a mail server and a webhook receiver in one small process that only count.

`python -m bench.sinks` prints its two ports as one line of JSON. GET /count and GET /dump on the web port tell what
came; POST /reset forgets it. POST /slow answers after two seconds and counts apart. It shares the machine with what
is measured, so it does as little as the protocols allow.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import time
from dataclasses import dataclass, field

SLOW_S = 2.0
NUMBER_IN_BODY = re.compile(rb'"number":\s*"([^"]+)"')
NUMBER_IN_RCPT = re.compile(rb"<([^@>]+)@")
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
SIGNED = b"webhook-signature: v1,"
END_OF_MAIL = b"\r\n.\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
MAX_MAIL_BYTES = 10_000_000


@dataclass
class Arrivals:
    """What came: order number and moment (CLOCK_MONOTONIC, the same for every process of the machine)."""

    mails: list[tuple[str, float]] = field(default_factory=list)
    hooks: list[tuple[str, float]] = field(default_factory=list)
    unsigned: int = 0
    slow: int = 0

    def count(self) -> dict[str, int]:
        return {"mails": len(self.mails), "hooks": len(self.hooks), "unsigned": self.unsigned, "slow": self.slow}

    def dump(self) -> dict[str, object]:
        return {"mails": self.mails, "hooks": self.hooks, "unsigned": self.unsigned}

    def reset(self) -> dict[str, int]:
        self.mails, self.hooks, self.unsigned, self.slow = [], [], 0, 0
        return self.count()


class Mailbox(asyncio.Protocol):
    """An SMTP server (RFC 5321, PIPELINING, 8BITMIME) that takes every mail and keeps only whose it was."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = bytearray()
        self._in_mail = False
        self._numbers: list[str] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ready\r\n")

    def data_received(self, data: bytes) -> None:
        # Only what is new can hold the end of a mail, but its marker may lie across two reads.
        seen = max(0, len(self._buffer) - len(END_OF_MAIL))
        self._buffer += data
        replies = bytearray()
        while (reply := self._take_mail(seen) if self._in_mail else self._take_line()) is not None:
            replies += reply
            seen = 0
        assert self._transport is not None
        if replies:
            self._transport.write(replies)
        if replies.endswith(b"221 bye\r\n") or len(self._buffer) > MAX_MAIL_BYTES:
            self._transport.close()

    def _take_mail(self, seen: int) -> bytes | None:
        end = self._buffer.find(END_OF_MAIL, seen)
        if end < 0:
            return None
        at = time.monotonic()
        self._arrivals.mails += [(number, at) for number in self._numbers]
        del self._buffer[: end + len(END_OF_MAIL)]
        self._in_mail, self._numbers = False, []
        return b"250 2.0.0 taken\r\n"

    def _take_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return self._answer(line[:4].upper(), line)

    def _answer(self, verb: bytes, line: bytes) -> bytes:
        match verb:
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10000000\r\n"
            case b"HELO" | b"NOOP":
                return b"250 sink\r\n"
            case b"MAIL" | b"RSET":
                self._numbers = []
                return b"250 2.1.0 ok\r\n"
            case b"RCPT":
                found = NUMBER_IN_RCPT.search(line)
                self._numbers.append(found[1].decode() if found else "")
                return b"250 2.1.5 ok\r\n"
            case b"DATA" if self._numbers:
                self._in_mail = True
                return b"354 go ahead\r\n"
            case b"DATA":
                return b"503 5.5.1 whose mail?\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
        return b"502 5.5.2 not known here\r\n"


class Receiver(asyncio.Protocol):
    """An HTTP/1.1 server with keep-alive: POST /hook is counted, the rest is for the harness."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        assert self._transport is not None
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            found = LENGTH.search(head)
            until = end + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < until:
                return
            body = bytes(self._buffer[end + 4 : until])
            del self._buffer[:until]
            if head.startswith(b"POST /slow "):
                self._arrivals.slow += 1
                asyncio.get_running_loop().call_later(SLOW_S, self._transport.write, NO_CONTENT)
            else:
                self._transport.write(self._answer(head, body))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"POST /hook "):
            self._take(head, body)
            return NO_CONTENT
        line = head.split(b"\r\n", 1)[0]
        if line.startswith(b"GET /count "):
            return _json(self._arrivals.count())
        if line.startswith(b"GET /dump "):
            return _json(self._arrivals.dump())
        if line.startswith(b"POST /reset "):
            return _json(self._arrivals.reset())
        return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"

    def _take(self, head: bytes, body: bytes) -> None:
        found = NUMBER_IN_BODY.search(body)
        self._arrivals.hooks.append((found[1].decode() if found else "", time.monotonic()))
        if SIGNED not in head.lower():
            self._arrivals.unsigned += 1


def _json(value: object) -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve() -> None:
    """Listen on two free ports of the loopback until SIGTERM."""
    arrivals, stop, loop = Arrivals(), asyncio.Event(), asyncio.get_running_loop()
    mail = await loop.create_server(lambda: Mailbox(arrivals), "127.0.0.1", 0)
    web = await loop.create_server(lambda: Receiver(arrivals), "127.0.0.1", 0)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    print(json.dumps({"smtp": mail.sockets[0].getsockname()[1], "http": web.sockets[0].getsockname()[1]}), flush=True)
    await stop.wait()
    mail.close()
    web.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
