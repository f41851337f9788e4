"""A9: a mail comes twice only when the server died between the provider's yes and our note of it, and never else.

One order at a time and no webhook, so that nothing but that order's mail can be in the air when the server dies: the
webhook's record may be written while the mail is still without one.
"""

from __future__ import annotations

import asyncio

from orderbell.base.crash import NAMES
from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, sum_up
from tests.chaos.shop import Shop
from tests.chaos.stage import ChaosStage

# The only two moments at which the provider has said yes and the database does not know it.
MAY_REPEAT = ("send.sent_unrecorded", "send.before_record")
POINTS = [name for name in NAMES if name.startswith(("ingest", "decide", "send")) or name == "cards.after_allocate"]
TRIES = 4
SIDE_BY_SIDE = 4
CALM_ORDERS = 2000
LEASE_S = 9


async def run(run: Run) -> list[Verdict]:
    """Each point on a stage of its own; then many orders with nobody dying."""
    points = [] if run.mutant else POINTS
    room = asyncio.Semaphore(SIDE_BY_SIDE)
    copies: dict[str, int] = {}

    async def one(point: str) -> list[Finding]:
        async with room:
            copies[point], findings = await _alone(run, point)
        return findings

    findings = [each for found in await asyncio.gather(*map(one, points)) for each in found]
    for point, extra in copies.items():
        bad = extra and point not in MAY_REPEAT
        findings.append(Finding("A9", "no repetition but at the two points", f"{extra} after {point}" if bad else ""))
    orders = run.of(CALM_ORDERS, least=60)
    for database in run.databases:
        findings += await _calm(run, database, orders)
    told = ", ".join(f"{point} {extra}" for point, extra in copies.items() if extra)
    words = f"{len(points)} points, each up to {run.of(TRIES, least=2)} orders alone; repetitions: {told or 'none'};"
    return sum_up(findings, f"{words} {orders} orders on each database without a crash: none")


async def _alone(run: Run, point: str) -> tuple[int, list[Finding]]:
    """How many mails more than one an order got when the server died there."""
    stage = ChaosStage(run.settings(run.databases[0], lease_s=LEASE_S), 50, gift_stock=5, hooked=False)
    await stage.set_up()
    shop = Shop(stage.url, stage.token, stage.acks, run.dice(point), connections=1)
    findings: list[Finding] = []
    try:
        for n in range(run.of(TRIES, least=2)):
            await asyncio.to_thread(stage.start, f"{point}:1")
            shop.plan_orders(n * 10, 1)
            talk = asyncio.create_task(shop.talk())
            if not await asyncio.to_thread(stage.wait_dead, 6):
                stage.kill()
            talk.cancel()
            await asyncio.gather(talk, return_exceptions=True)
            await asyncio.to_thread(stage.start)
            await shop.talk()
            findings = await asyncio.to_thread(stage.settle, 30)
            stage.kill()
        mails = stage.ledger("mail")
        return len(mails) - len({line["id"] for line in mails}), findings
    finally:
        stage.tear_down()


async def _calm(run: Run, database: str, orders: int) -> list[Finding]:
    """Slow providers that put some off, and nobody dies: every mail and every call comes exactly once."""
    lease_s = 3 if run.mutant else 20
    stage = ChaosStage(
        run.settings(database, lease_s=lease_s), orders, longest_ms=30, refuse_percent=3, gift_stock=orders
    )
    await stage.set_up()
    shop = Shop(stage.url, stage.token, stage.acks, run.dice("calm"))
    try:
        await asyncio.to_thread(stage.start)
        shop.plan_orders(0, orders)
        await shop.talk()
        findings = await asyncio.to_thread(stage.settle, 30 if run.mutant else 120)
        for kind in ("mail", "hook"):
            ids = [line["id"] for line in stage.ledger(kind)]
            more = len(ids) - len(set(ids))
            findings.append(Finding("A9", "without a crash nothing comes twice", f"{more} {kind}s" if more else ""))
        return findings
    finally:
        stage.tear_down()
