"""`orderbell worker` and `orderbell relay` as real processes: what they need, and how they come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from tests.nats import Nats, free_port

from orderbell.base.settings import Settings


def start(role: str, settings: Settings, **more: str) -> subprocess.Popen[str]:
    """One part as its own process."""
    chosen = {"ORDERBELL_DATA_DIR": str(settings.data_dir), "ORDERBELL_DATABASE_URL": settings.database_url, **more}
    return subprocess.Popen(
        [sys.executable, "-m", "orderbell.cli.main", role], env=os.environ | chosen, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def answered(port: int, path: str, within_s: float = 30) -> str:
    """What the status port says, once it does."""
    end = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ["web", "worker"])
def test_a_part_without_postgresql_says_what_to_do(settings: Settings, role: str) -> None:
    # Any port: it ends before it would listen, and a free one may be taken by another test meanwhile.
    part = start(role, settings, ORDERBELL_PORT="0")
    _, said = part.communicate(timeout=30)
    assert (part.returncode, "ORDERBELL_DATABASE_URL" in said) == (1, True)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_relay_without_an_engine_says_what_to_do(settings: Settings) -> None:
    part = start("relay", settings)
    _, said = part.communicate(timeout=30)
    assert (part.returncode, "ORDERBELL_ENGINE_URL" in said) == (1, True)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_worker_tells_how_it_is_and_ends_when_told(settings: Settings) -> None:
    port = free_port()
    part = start("worker", settings, ORDERBELL_STATUS_PORT=str(port))
    assert answered(port, "/healthz") == "ok\n"
    assert "orderbell_" in answered(port, "/metrics")
    part.send_signal(signal.SIGTERM)
    assert part.wait(30) == 0


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_relay_refuses_an_engine_that_may_forget(settings: Settings, tmp_path: Path) -> None:
    server = Nats(tmp_path, sync="2m")
    server.start()
    server.wait()
    part = start(
        "relay", settings, ORDERBELL_ENGINE_URL=server.url, ORDERBELL_ENGINE_MONITOR_URL=server.monitor,
        ORDERBELL_ENGINE_REPLICAS="1",
    )  # fmt: skip
    _, said = part.communicate(timeout=30)
    server.kill()
    assert (part.returncode, "sync_interval: always" in said) == (1, True)
