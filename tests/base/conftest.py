"""Doors to try, a receiver to knock at, and a watch on every socket that is connected."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from orderbell.base.http import Door


class Wires:
    """Every address this process connects a socket to, while watched."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.watching = False

    def hear(self, event: str, words: tuple[Any, ...]) -> None:
        if self.watching and event == "socket.connect":
            self.seen.append(words[1])


WIRES = Wires()
sys.addaudithook(WIRES.hear)


@pytest.fixture
def wires() -> Iterator[Wires]:
    WIRES.seen, WIRES.watching = [], True
    yield WIRES
    WIRES.watching = False


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    await made.close()


@pytest.fixture
async def open_door() -> AsyncIterator[Door]:
    made = Door(allow_private=True)
    yield made
    await made.close()


Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handle], Awaitable[str]]]:
    servers: list[TestServer] = []

    async def start(handle: Handle) -> str:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handle)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/hook"))

    yield start
    for server in servers:
        await server.close()
