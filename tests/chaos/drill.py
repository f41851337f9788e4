"""What a drill is: one coroutine that sets a stage, does harm, and hands back a verdict for each promise it tried.

A drill runs in a process of its own (`tests.chaos.alone`), so that a mutant reaches also what it does in process.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from orderbell.base.settings import Settings
from orderbell.store.migrate import migrate
from tests.chaos.verdict import Verdict
from tests.conftest import _named, _start

__all__ = ["DATABASES", "Drill", "Run", "Verdict"]

DATABASES = ("sqlite", "postgresql")


@dataclass
class Run:
    """What a drill is given."""

    seed: int
    folder: Path
    """Empty and of this drill alone; kept when a promise breaks."""
    scale: float = 1.0
    """1 is the full drill, 0.05 a quick one; use `of` for every count."""
    databases: tuple[str, ...] = DATABASES
    """Try it on each of these; a drill that knows only one ignores the other."""
    name: str = ""
    """The drill's own, for what it says."""
    mutant: str = ""
    """The guard that is taken out; the processes you start inherit it by the environment. Be small and quick then."""
    _postgres: Any = None
    _made: int = 0

    def dice(self, name: str = "") -> random.Random:
        """Chance that is the same for the same seed and name."""
        return random.Random(f"{self.seed}:{name}")

    def of(self, full: int, *, least: int = 1) -> int:
        """A count of the full drill, scaled down."""
        return max(least, round(full * self.scale))

    def say(self, words: str) -> None:
        """A line of progress."""
        print(f"    {time.strftime('%H:%M:%S')} {self.name}: {words}", flush=True)

    def settings(self, database: str, **more: Any) -> Settings:
        """Settings for a fresh, migrated database of that kind in a folder of its own below `folder`."""
        self._made += 1
        folder = self.folder / f"{database}-{self._made}"
        folder.mkdir(parents=True)
        url = self.fresh_postgres() if database == "postgresql" else ""
        made = Settings(data_dir=folder, database_url=url, allow_private_targets=True, **more)
        migrate(made)
        return made

    def fresh_postgres(self) -> str:
        """The address of an empty database on this drill's own PostgreSQL server, which starts with the first."""
        if self._postgres is None:
            home = self.folder / "postgres"
            home.mkdir(parents=True)
            # The server does not run as root: it must be able to walk down to its folder.
            for each in (home, *home.parents):
                if each == Path("/tmp") or not os.access(each, os.W_OK):
                    break
                each.chmod(each.stat().st_mode | 0o111)
            self._postgres = _start(home)
        url = str(self._postgres.get_uri())
        self._made += 1
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE d{self._made}")
        return _named(url, f"d{self._made}")

    def close(self) -> None:
        """Stop the PostgreSQL server, if there is one."""
        if self._postgres is not None:
            self._postgres.cleanup()


Drill = Callable[[Run], Awaitable[list[Verdict]]]
