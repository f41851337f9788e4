"""Sets the stage of a crash test: a seeded shop, a server one can kill, sinks and a client in their own processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from tests.cast import Shopkeeper

from orderbell.base.settings import Settings
from orderbell.base.signing import new_webhook_secret
from orderbell.domain import access
from orderbell.runtime.house import build


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stage:
    """One run: where its files are, and the processes it started."""

    settings: Settings
    stock: int
    port: int = field(default_factory=free_port)
    token: str = ""
    program: str = "orderbell.cli.main"
    """The module that is the server; a drill may put a broken one in its place."""
    webhook_secret: str = field(default_factory=new_webhook_secret)
    crashes: int = 0
    _sinks: subprocess.Popen[str] | None = None
    _server: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where everything of this run lies."""
        return self.settings.data_dir

    @property
    def database(self) -> str:
        """The database as the checker names it."""
        return self.settings.database_url or str(self.settings.sqlite_path)

    async def set_up(self, *, accounts: bool = True) -> None:
        """Start the sinks, then seed a shop with cards, a mail account and a webhook, while no server runs.

        Without accounts every message ends in the sandbox mailbox.
        """
        house = build(self.settings)
        keeper = await Shopkeeper.open(house)
        await keeper.stock(*(f"KEY-{n}" for n in range(self.stock)))
        if accounts:
            await self._add_accounts(keeper)
        _, self.token = await house.store.write(
            lambda tx: access.create_api_key(tx, keeper.id, "crash", by="test", now=house.clock.now())
        )
        await house.channels.close()
        await house.store.close()

    async def _add_accounts(self, keeper: Shopkeeper) -> None:
        smtp, http = self._start_sinks()
        await keeper.add_account("email", host="127.0.0.1", port=smtp, security="none", from_address="shop@example.com")
        await keeper.add_account("webhook", url=f"http://127.0.0.1:{http}/hook", secret=self.webhook_secret)

    def _start_sinks(self) -> list[str]:
        self._sinks = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.sinks", str(self.folder / "ledger")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._sinks.stdout is not None
        return self._sinks.stdout.readline().split()

    def start(self, crash_at: str = "", *, prefix: Sequence[str] = (), more: Mapping[str, str] | None = None) -> None:
        """Start the server; `crash_at` is a crash point and the pass at which it dies.

        `prefix` is a command that runs it (a tracer), `more` goes into its environment.
        """
        chosen = {
            "ORDERBELL_DATA_DIR": str(self.folder), "ORDERBELL_DATABASE_URL": self.settings.database_url,
            "ORDERBELL_PUBLIC_URL": self.url, "ORDERBELL_PORT": str(self.port), "ORDERBELL_ALLOW_PRIVATE_TARGETS": "1",
            "ORDERBELL_LEASE_S": str(self.settings.lease_s),
            "ORDERBELL_CRASH_AT": crash_at, "ORDERBELL_LOG_LEVEL": "warning",
        }  # fmt: skip
        log = (self.folder / "server.log").open("ab")
        self._server = subprocess.Popen(
            [*prefix, sys.executable, "-m", self.program, "up"], env=os.environ | chosen | dict(more or {}),
            stdout=log, stderr=log,
        )  # fmt: skip

    def client(self, first: int, count: int) -> subprocess.Popen[bytes]:
        """Start the shop that posts orders."""
        arguments = [f"http://127.0.0.1:{self.port}", self.token, str(first), str(count), str(self.folder / "acks")]
        return subprocess.Popen([sys.executable, "-m", "tests.crash.client", *arguments])

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """What the sinks took so far, of one kind."""
        path = self.folder / "ledger"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line for line in map(json.loads, lines) if line["kind"] == kind]

    def wait_up(self, within_s: float = 60) -> None:
        """Wait until the server answers."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "server.log").read_text()[-3000:])

    def wait_acks(self, count: int, within_s: float = 60) -> None:
        """Wait until the client holds that many acknowledgements."""
        acks, end = self.folder / "acks", time.monotonic() + within_s
        while not acks.exists() or len(acks.read_text().split()) < count:
            if time.monotonic() > end:
                raise AssertionError((self.folder / "server.log").read_text()[-3000:])
            time.sleep(0.02)

    def wait_dead(self, within_s: float = 20) -> bool:
        """Whether the server died by itself in time."""
        assert self._server is not None
        try:
            died = self._server.wait(within_s) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False
        self.crashes += died
        return died

    @property
    def running(self) -> bool:
        """Whether the server process is the one that was started last."""
        return self._server is not None and self._server.poll() is None

    async def exit_code(self, within_s: float) -> int | None:
        """How the server ended by itself; None, and it is killed, when it did not."""
        assert self._server is not None
        try:
            return await asyncio.to_thread(self._server.wait, within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """SIGKILL the server now."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        self.crashes += 1

    def check(self, within_s: float = 45) -> str:
        """Run the checker until all holds or time is up; what it printed last, empty when all holds."""
        arguments = [self.folder / "acks", self.folder / "ledger", self.database, self.stock]
        end = time.monotonic() + within_s
        while True:
            done = subprocess.run(
                [sys.executable, "-m", "tests.crash.checker", *map(str, arguments)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return ""
            if time.monotonic() > end:
                return done.stdout + done.stderr + (self.folder / "server.log").read_text()[-3000:]
            time.sleep(0.5)

    def tear_down(self) -> None:
        """Stop everything that was started."""
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            try:
                self._server.wait(15)
            except subprocess.TimeoutExpired:
                self._server.kill()
        if self._sinks is not None:
            assert self._sinks.stdin is not None
            self._sinks.stdin.close()
            self._sinks.wait(10)


def private(settings: Settings) -> Settings:
    """The same settings with leases short enough for a test."""
    return replace(settings, lease_s=9)
