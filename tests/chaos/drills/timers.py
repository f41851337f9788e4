"""B1: timers survive anything and never ring early. B2: pay against expire has one winner. B4: late money is kept."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from sqlalchemy import update

from orderbell.runtime.house import build
from orderbell.store.schema import Product
from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

TIMERS = 20_000
RACES = 10_000
LATE = 300
BATCH = 100
# A timer of this drill expires an order and tells its buyer: 125 a second and database is what two busy cores take.
SPREAD_S = 80


async def run(run: Run) -> list[Verdict]:
    """Thousands of timers over a restart, thousands of races, and money for orders that are gone."""
    verdicts = []
    for database in run.databases:
        verdicts += await _story(run, database, len(run.databases))
    return verdicts


async def _story(run: Run, database: str, share: int) -> list[Verdict]:
    timers, races = run.of(TIMERS // share, least=400), run.of(RACES // share, least=200)
    stage = Stage(run.settings(database, lease_s=20), stock=races)
    await stage.set_up(accounts=False)
    await _keep_cards(stage)
    stage.start()
    stage.wait_up()
    verdicts = []
    if run.mutant != "rank_guard":
        run.say(f"{database}: {timers} timers")
        verdicts.append(await _ring(stage, database, timers))
    if run.mutant != "timers_wait":
        run.say(f"{database}: {races} races")
        verdicts.append(await _race(stage, database, races))
    if not run.mutant:
        verdicts.append(await _pay_late(stage, database, races // 2, run.of(LATE, least=20)))
    stage.tear_down()
    return verdicts


async def _keep_cards(stage: Stage) -> None:
    house = build(stage.settings)
    await house.store.write(lambda tx: tx.execute(update(Product).values(reserve_on_order=1)))
    await house.channels.close()
    await house.store.close()


async def _create(stage: Stage, count: int, at: float, prefix: str, *, spread_s: float) -> None:
    """That many unpaid orders, the first of which expires at that moment and the last so much later."""
    till = shopper(
        stage, stage.folder / "log", max(1, count // BATCH), batch=BATCH, connections=4, type="order.created",
        prefix=prefix, expires=at, spread_s=spread_s,
    )  # fmt: skip
    await ended(till, 200)


async def _settled(stage: Stage, within_s: float, *stop: float) -> dict[str, Any]:
    """The figures once every timer rang and every fact is decided, or when time is up."""
    end = time.monotonic() + within_s
    while True:
        found: dict[str, Any] = await asyncio.to_thread(check, "timers", stage.database, *stop)
        if (found["waiting"] == 0 and found["open_events"] == 0) or time.monotonic() > end:
            # Its questions are asked one after another: what was open at the first may be settled at the last.
            return dict(await asyncio.to_thread(check, "timers", stage.database, *stop))
        await asyncio.sleep(1)


async def _ring(stage: Stage, database: str, timers: int) -> Verdict:
    """Let timers come due, and kill the process in the middle of them."""
    first = time.time() + 8 + timers / 300
    await _create(stage, timers, first, "T", spread_s=SPREAD_S)
    await asyncio.sleep(max(0.0, first + SPREAD_S / 2 - time.time()))
    killed = time.time()
    stage.kill()
    await asyncio.sleep(4)
    stage.start()
    stage.wait_up()
    started = time.time()
    await asyncio.sleep(max(0.0, first + SPREAD_S + 2 - time.time()))
    found = await _settled(stage, 90, killed, started)
    ok = found["early"] == found["waiting"] == found["held"] == 0 and found["statuses"] == {"expired": found["rung"]}
    ok = ok and found["rung"] >= timers - BATCH and found["late_p99_s"] <= 2 and found["late_over_stop_s"] <= 30
    words = (
        f"{database}: {found['rung']} timers over a kill: {found['early']} early, p99 {found['late_p99_s']} s late; "
        f"those that were due while it was away rang within {found['late_over_stop_s']} s of the restart"
    )
    return Verdict("B1", ok, words, found)


async def _race(stage: Stage, database: str, races: int) -> Verdict:
    """Orders that expire in one moment, and the payment of each second one posted around it."""
    at = time.time() + 8 + races / 300
    await _create(stage, races, at, "R", spread_s=0)
    await asyncio.sleep(max(0.0, at - 1.5 - races / 2000 - time.time()))
    await ended(shopper(stage, stage.folder / "log", races // 2, prefix="R", connections=16), 120)
    found = await _settled(stage, 90)
    counted = found["product"] == [found["cards"].get("free", 0), found["cards"].get("sold", 0)]
    ok = found["both"] == found["neither"] == found["cards_not_returned"] == found["waiting"] == 0 and counted
    ok = ok and found["statuses"].get("delivered", 0) == races // 2
    words = (
        f"{database}: {races} orders, half of them paid around their last moment ({found['expired_then_paid']} just "
        f"after it): {found['both']} both, {found['neither']} neither, {found['cards_not_returned']} cards not returned"
    )
    return Verdict("B2", ok, words, found)


async def _pay_late(stage: Stage, database: str, first: int, late: int) -> Verdict:
    """Money for orders that expired, and for orders the shop called off."""
    log = stage.folder / "log"
    await ended(shopper(stage, log, late, prefix="R", first=first), 60)
    for type_ in ("order.created", "order.cancelled", "order.paid"):
        await ended(shopper(stage, log, late, prefix="C", type=type_), 60)
        await asyncio.sleep(1)
    found = await _settled(stage, 20)
    ok = found["swallowed"] == 0 and found["tasks"].get("late_payment", 0) == late
    words = f"{database}: {2 * late} late payments: {found['swallowed']} swallowed, tasks {found['tasks']}"
    return Verdict("B4", ok, words, found)
