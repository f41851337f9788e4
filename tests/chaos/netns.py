"""Network namespaces joined by a bridge: machines of a test that can be cut off from each other.

Run as a program it is the bridge's doorman: python -m tests.chaos.netns PORT=TARGET … listens on the bridge and
passes each connection on to a port of this machine's loopback or to a socket file.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

NET = "10.77.0"
GATE = f"{NET}.1"
BRIDGE = "orderbell-br"
PassOn = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ip(*words: str, check: bool = True) -> None:
    """One `ip` command."""
    subprocess.run(["ip", *words], check=check, capture_output=not check)


@dataclass
class Machine:
    """A namespace with one cable to the bridge."""

    name: str
    number: int

    @property
    def address(self) -> str:
        return f"{NET}.{self.number}"

    @property
    def space(self) -> str:
        return f"orderbell-{self.name}"

    @property
    def cable(self) -> str:
        return f"obv{self.number}"

    @property
    def inside(self) -> tuple[str, ...]:
        """What runs a command on this machine."""
        return ("ip", "netns", "exec", self.space)

    def build(self) -> None:
        ip("netns", "add", self.space)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        ip("link", "set", self.cable, "master", BRIDGE, "up")
        ip("-n", self.space, "addr", "add", f"{self.address}/24", "dev", "eth0")
        ip("-n", self.space, "link", "set", "eth0", "up")
        ip("-n", self.space, "link", "set", "lo", "up")

    def cut_off(self) -> None:
        """Pull the cable: nothing comes or goes, and nobody is told."""
        ip("link", "set", self.cable, "down")

    def join(self) -> None:
        """Put it back."""
        ip("link", "set", self.cable, "up")


@dataclass
class Network:
    """The bridge and its machines."""

    machines: dict[str, Machine] = field(default_factory=dict)

    def machine(self, name: str, number: int) -> Machine:
        made = self.machines[name] = Machine(name, number)
        made.build()
        return made


@contextmanager
def network() -> Iterator[Network]:
    """A bridge with nobody on it; everything is taken away at the end."""
    made = Network()
    _take_away()
    ip("link", "add", BRIDGE, "type", "bridge")
    try:
        ip("addr", "add", f"{GATE}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        yield made
    finally:
        _take_away()


def _take_away() -> None:
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        if line.startswith("orderbell-"):
            ip("netns", "delete", line.split()[0], check=False)
    ip("link", "delete", BRIDGE, check=False)


async def _serve(doors: list[str]) -> None:
    for door in doors:
        port, _, target = door.partition("=")
        await asyncio.start_server(_passer(target), GATE, int(port))
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)


def _passer(target: str) -> PassOn:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if target.startswith("/"):
            theirs, ours = await asyncio.open_unix_connection(target)
        else:
            theirs, ours = await asyncio.open_connection("127.0.0.1", int(target))
        await asyncio.gather(_pour(reader, ours), _pour(theirs, writer))

    return pass_on


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    with suppress(OSError):
        writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
