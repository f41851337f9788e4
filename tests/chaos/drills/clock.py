"""B3: the machine's clock jumps, while we run and while we do not, and no order is called off for it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

UNPAID = 600
JUMPS_S = (300, -300, 3600, -3600, 86_400)
HELD_MOST_S = 60.0
DAY_S = 86_400


class FalseClock:
    """The offset of a process's wall clock; its steady clocks stay true."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self.offset_s = 0
        self.set(0)

    def set(self, by_s: int) -> None:
        """Set the clock by that much more."""
        self.offset_s += by_s
        self._file.write_text(f"{self.offset_s:+d}")

    def environment(self) -> dict[str, str]:
        """What makes a process read it."""
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            raise FileNotFoundError("libfaketime is missing: apt-get install faketime")
        return {
            "LD_PRELOAD": str(found[0]), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip


async def run(run: Run) -> list[Verdict]:
    """Jumps under a running process, then one while it is away."""
    return [await _story(run, database) for database in run.databases]


async def _story(run: Run, database: str) -> Verdict:
    stage = Stage(run.settings(database, lease_s=20), stock=400)
    await stage.set_up()
    clock = FalseClock(stage.folder)
    stage.start(more=clock.environment())
    stage.wait_up()
    unpaid = run.of(UNPAID // 100, least=2) * 100
    log = stage.folder / "log"
    # A tenth would fall due within the smallest jump: too few for the guard against masses to see.
    for prefix, count, in_s in (("U", unpaid, 1500), ("S", unpaid // 10, 240)):
        plan = {"prefix": prefix, "type": "order.created", "expires": time.time() + in_s, "batch": 10}
        await ended(shopper(stage, log, count // 10, **plan), 60)
    slowest = 0.0
    for n, by_s in enumerate(JUMPS_S[:1] if run.mutant else JUMPS_S):
        clock.set(by_s)
        slowest = max(slowest, await _pay(stage, log, n))
        run.say(f"{database}: {by_s:+d} s, 10 paid orders were served in {slowest:.1f} s at most")
    stage.kill()
    clock.set(DAY_S)
    stage.start(more=clock.environment())
    stage.wait_up()
    await asyncio.sleep(4)
    slowest = max(slowest, await _pay(stage, log, len(JUMPS_S)))
    stage.tear_down()
    return _judge(stage, database, slowest, unpaid + unpaid // 10)


async def _pay(stage: Stage, log: Path, n: int) -> float:
    """Ten paid orders, and how long it took until the last of their mails arrived."""
    await asyncio.sleep(1.2)
    began = time.monotonic()
    before = _mails(stage)
    await ended(shopper(stage, log, 10, prefix="P", first=10 * n, until_s=90), 100)
    while _mails(stage) < before + 10 and time.monotonic() - began < HELD_MOST_S + 30:
        await asyncio.sleep(0.2)
    return time.monotonic() - began


def _mails(stage: Stage) -> int:
    return int(check("ledger", stage.folder / "ledger")["arrived"].get("mail", 0))


def _judge(stage: Stage, database: str, slowest: float, unpaid: int) -> Verdict:
    found: dict[str, Any] = check("timers", stage.database)
    sent = check("ledger", stage.folder / "ledger")
    wrong = found["statuses"].get("expired", 0)
    told = found["tasks"].get("clock", 0) == 1 and found["tasks"].get("mass_cancel", 0) == 1
    # Behind a database, the clock that counts is the database's, which did not move.
    told = told or database == "postgresql"
    ok = wrong == 0 and not sent["twice"] and slowest <= HELD_MOST_S and told
    ok = ok and found["statuses"].get("pending", 0) == unpaid
    words = (
        f"{database}: {len(JUMPS_S)} jumps and one while away: {wrong} of {unpaid} unpaid orders called off, paid ones "
        f"served within {slowest:.1f} s, {sent['twice'] or 'nothing'} sent twice, {found['held']} timers await a person"
    )
    return Verdict("B3", ok, words, found | {"slowest_s": round(slowest, 1)})
