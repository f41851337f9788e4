"""A3: the disk has an event before its sender hears 202, seen from outside the process by strace."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg

from tests.chaos import trace
from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

REQUESTS = 1000
# Enough of each string to hold the head of a request and the ids in its body.
BYTES = 1200


async def run(run: Run) -> list[Verdict]:
    """One at a time, then eight at once, on SQLite; one at a time on PostgreSQL, whose own processes are watched."""
    wanted = run.of(REQUESTS, least=60)
    verdicts = []
    if "sqlite" in run.databases:
        verdicts.append(await _embedded(run, wanted, connections=1))
        verdicts.append(await _embedded(run, wanted, connections=8))
    if "postgresql" in run.databases and not run.mutant:
        verdicts.append(await _postgres(run, max(50, wanted // 4)))
    return verdicts


async def _embedded(run: Run, wanted: int, *, connections: int) -> Verdict:
    stage = Stage(run.settings("sqlite", lease_s=9), stock=10)
    await stage.set_up(accounts=False)
    seen = stage.folder / "trace"
    stage.start(prefix=trace.command(seen, bytes_most=BYTES))
    await _post(stage, wanted, connections)
    found = check("synced", seen, "orderbell.db-wal")
    seen.unlink()
    return _verdict(found, wanted, f"SQLite, {connections} at a time")


async def _postgres(run: Run, wanted: int) -> Verdict:
    settings = run.settings("postgresql", lease_s=9)
    stage = Stage(settings, stock=10)
    await stage.set_up(accounts=False)
    seen, behind = stage.folder / "trace", stage.folder / "trace-of-postgres"
    watch = _watch(settings.database_url, behind)
    stage.start(prefix=trace.command(seen, bytes_most=BYTES))
    await _post(stage, wanted, 1)
    watch.terminate()
    watch.wait()
    return _verdict(check("synced", seen, "pg_wal", behind), wanted, "PostgreSQL, one at a time")


def _watch(url: str, out: Path) -> subprocess.Popen[bytes]:
    with psycopg.connect(url) as connection:
        folder = Path(str(connection.execute("SHOW data_directory").fetchone()[0]))  # type: ignore[index]
    postmaster = (folder / "postmaster.pid").read_text().split()[0]
    followed = [*trace.command(out, bytes_most=64), "-p", postmaster, *_children(int(postmaster))]
    return subprocess.Popen([word for word in followed if word != "--seccomp-bpf"])


def _children(parent: int) -> list[str]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [word for pid in found for word in ("-p", pid)]


async def _post(stage: Stage, wanted: int, connections: int) -> None:
    stage.wait_up(120)
    till = shopper(stage, stage.folder / "log", wanted, connections=connections, type="order.created", until_s=300)
    await ended(till, 320)
    stage.tear_down()


def _verdict(found: dict[str, int], wanted: int, where: str) -> Verdict:
    good = found["requests"] - found["unsynced"]
    ok = found["unsynced"] == 0 and found["requests"] >= wanted
    return Verdict("A3", ok, f"{where}: {good} of {found['requests']} synced before their 202", found)
