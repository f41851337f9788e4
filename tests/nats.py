"""Real NATS servers for tests: one, or a cluster, each with a folder and ports of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orderbell.base.settings import Settings

BINARY = Path(sys.executable).with_name("nats-server")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Nats:
    """One server. `inside` is a command that runs it elsewhere (a network namespace)."""

    folder: Path
    name: str = "n1"
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    cluster_port: int = field(default_factory=free_port)
    sync: str = "always"
    routes: Sequence[str] = ()
    inside: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://{self.host}:{self.port}"

    @property
    def monitor(self) -> str:
        return f"http://{self.host}:{self.http_port}"

    @property
    def store(self) -> Path:
        return self.folder / self.name

    def settings(self, **more: Any) -> dict[str, Any]:
        """What a house must be told of this server alone."""
        return {"engine_url": self.url, "engine_monitor_url": self.monitor, "engine_replicas": 1, **more}

    def start(self) -> None:
        """Start it, without waiting."""
        config = self.folder / f"{self.name}.conf"
        cluster = ""
        if self.routes:
            routes = ", ".join(self.routes)
            cluster = f"cluster {{ name: shop, listen: {self.host}:{self.cluster_port}, routes: [{routes}] }}\n"
        config.write_text(
            f"server_name: {self.name}\nlisten: {self.host}:{self.port}\nhttp: {self.host}:{self.http_port}\n"
            f'jetstream {{ store_dir: "{self.store}", sync_interval: {self.sync} }}\n{cluster}'
        )
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen([*self.inside, BINARY, "-c", config], stdout=log, stderr=log)

    def wait(self, within_s: float = 20) -> None:
        """Wait until it says that it is healthy."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.monitor}/healthz", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self.folder / f"{self.name}.log").read_text()[-2000:])

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wipe(self) -> None:
        """Lose everything it kept, as if its disk were new."""
        self.kill()
        shutil.rmtree(self.store, ignore_errors=True)


def told_of(settings: Settings, server: Nats, **more: Any) -> Settings:
    """Settings of a house that uses this server."""
    return Settings(**{**vars(settings), **server.settings(), **more})


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Nats]:
    """A server for as long as the block lasts."""
    server = Nats(folder, **more)
    server.start()
    try:
        server.wait()
        yield server
    finally:
        server.kill()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Nats]:
    """A server a test may harm."""
    with running(tmp_path) as server:
        yield server
