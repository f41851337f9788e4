"""The stage of the cluster drill: PostgreSQL, three NATS servers, three workers, two relays and a web process.

Every NATS server, worker and relay has a network namespace of its own; what they need of this machine (PostgreSQL,
the sinks) they reach over the bridge, so that a pulled cable cuts off all of it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.cast import Shopkeeper
from tests.chaos.netns import GATE, Machine, Network
from tests.crash.stage import Stage
from tests.nats import Nats

WORKERS, RELAYS, SERVERS = 3, 2, 3


def bridge_port() -> int:
    """A port of the bridge nobody listens on."""
    with socket.socket() as probe:
        probe.bind((GATE, 0))
        return int(probe.getsockname()[1])


@dataclass
class Cluster(Stage):
    """A stage whose server is many processes."""

    net: Network = field(default_factory=Network)
    nats: list[Nats] = field(default_factory=list)
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _doors: dict[str, int] = field(default_factory=dict)
    _doorman: subprocess.Popen[str] | None = None

    async def _add_accounts(self, keeper: Shopkeeper) -> None:
        self._open_doors(*self._start_sinks())
        await keeper.add_account(
            "email", host=GATE, port=str(self._doors["smtp"]), security="none", from_address="shop@example.com"
        )
        await keeper.add_account("webhook", url=f"http://{GATE}:{self._doors['http']}/hook", secret=self.webhook_secret)

    def _open_doors(self, smtp: str, http: str) -> None:
        url = urlsplit(self.settings.database_url)
        home = parse_qs(url.query)["host"][0]
        targets = {"smtp": smtp, "http": http, "postgres": f"{home}/.s.PGSQL.5432"}
        self._doors = {name: bridge_port() for name in targets}
        self._doorman = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.netns", *(f"{self._doors[n]}={targets[n]}" for n in targets)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._doorman.stdout is not None
        assert self._doorman.stdout.readline() == "open\n"

    def start_nats(self) -> None:
        """Three servers that find each other, each on its own machine."""
        machines = [self.net.machine(f"nats{n}", 10 + n) for n in range(1, SERVERS + 1)]
        routes = [f"nats://{machine.address}:6222" for machine in machines]
        for machine in machines:
            self.nats.append(
                Nats(self.folder, machine.name, machine.address, 4222, 8222, 6222, routes=routes, inside=machine.inside)
            )
            self.nats[-1].start()
        for server in self.nats:
            server.wait(40)

    def start_parts(self) -> None:
        """A web process on this machine, workers and relays on theirs."""
        self.start_part("web", None)
        for n in range(1, WORKERS + 1):
            self.start_part("worker", self.net.machine(f"worker{n}", 20 + n))
        for n in range(1, RELAYS + 1):
            self.start_part("relay", self.net.machine(f"relay{n}", 30 + n))
        self.wait_up(90)

    def start_part(self, role: str, machine: Machine | None) -> None:
        """Start one process, again where it was killed."""
        name = machine.name if machine else role
        home = self.folder / name
        home.mkdir(exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self.parts[name] = subprocess.Popen(
                [*(machine.inside if machine else ()), sys.executable, "-m", "orderbell.cli.main", role],
                env=os.environ | self._environment(home), stdout=log, stderr=log,
            )  # fmt: skip

    def _environment(self, home: Path) -> dict[str, str]:
        database = urlsplit(self.settings.database_url).path
        return {
            "ORDERBELL_DATA_DIR": str(home), "ORDERBELL_SECRET_KEY_FILE": str(self.settings.key_path),
            "ORDERBELL_DATABASE_URL": f"postgresql://postgres:@{GATE}:{self._doors['postgres']}{database}",
            "ORDERBELL_ENGINE_URL": ",".join(server.url for server in self.nats),
            "ORDERBELL_ENGINE_MONITOR_URL": ",".join(server.monitor for server in self.nats),
            "ORDERBELL_PUBLIC_URL": self.url, "ORDERBELL_PORT": str(self.port), "ORDERBELL_ALLOW_PRIVATE_TARGETS": "1",
            "ORDERBELL_LOG_LEVEL": "warning",
        }  # fmt: skip

    def kill_part(self, name: str) -> None:
        """SIGKILL one process."""
        self.parts[name].kill()
        self.parts[name].wait()

    def wipe_nats(self) -> None:
        """Take every server's JetStream folder away while they run, then their lives, then start them empty."""
        for server in self.nats:
            shutil.rmtree(server.store, ignore_errors=True)
        for server in self.nats:
            server.wipe()
        for server in self.nats:
            server.start()

    def tear_down(self) -> None:
        """Stop everything that was started."""
        for part in self.parts.values():
            part.kill()
            part.wait()
        for server in self.nats:
            server.kill()
        super().tear_down()
        if self._doorman is not None:
            self._doorman.kill()
            self._doorman.wait()
