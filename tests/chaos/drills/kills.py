"""A1: SIGKILL at random moments under load; the shop tells again what was not acknowledged, and nothing is lost."""

from __future__ import annotations

import asyncio

from tests.chaos.drill import Run, Verdict
from tests.chaos.drills.crashes import Sweep, open_sweep
from tests.chaos.judging import Finding, sum_up

KILLS = 300
ORDERS = 75
REST_EVERY = 10


async def run(run: Run) -> list[Verdict]:
    """The kills are shared by the databases, which suffer side by side."""
    kills = run.of(KILLS, least=6) // len(run.databases)
    done = await asyncio.gather(*(_suffer(run, database, kills) for database in run.databases))
    acked = sum(each.shop.acked for each, _ in done)
    crashes = sum(each.crashes for each, _ in done)
    words = f"{crashes} SIGKILLs at random moments, {acked} events acknowledged"
    findings = [finding for _, found in done for finding in found]
    return sum_up(findings, words, crashes=crashes, acknowledged=acked)


async def _suffer(run: Run, database: str, kills: int) -> tuple[Sweep, list[Finding]]:
    made = await open_sweep(run, database, int(0.7 * ORDERS * kills))
    findings: list[Finding] = []
    try:
        for n in range(1, kills + 1):
            await _one(made)
            # Poison is what several deaths in a row have in common: a run of kills needs room to get on.
            if n % REST_EVERY == 0 or n == kills:
                findings += await made.recover()
        run.say(f"{database}: {made.crashes} kills, {made.shop.acked} events acknowledged")
    finally:
        made.stage.tear_down()
    return made, findings


async def _one(made: Sweep) -> None:
    await asyncio.to_thread(made.stage.start)
    made.shop.plan_orders(made.orders, ORDERS)
    made.orders += ORDERS
    talk = asyncio.create_task(made.shop.talk())
    before = made.shop.acked
    while made.shop.acked == before and not made.stage.server.poll():
        await asyncio.sleep(0.01)
    await asyncio.sleep(made.dice.uniform(0, 0.7))
    made.stage.kill()
    made.crashes += 1
    talk.cancel()
    await asyncio.gather(talk, return_exceptions=True)
