"""A10: facts out of order, providers that dawdle: no reader hears old news after new, nobody paid is asked to pay."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import update

from orderbell.store.schema import Rule
from tests.cast import Shopkeeper
from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import judge, sum_up
from tests.chaos.shop import Shop, tell
from tests.chaos.stage import ChaosStage

ORDERS = 20_000
LONGEST_MS = 2000
STORIES = (
    ("order.created", "order.paid"),
    ("order.created", "order.paid", "order.refunded"),
    ("order.created", "payment.failed", "order.paid"),
    ("order.created", "order.cancelled"),
    ("order.created", "order.paid", "refund.requested", "refund.approved", "order.refunded"),
)


class TalkativeStage(ChaosStage):
    """A shop that mails its buyers whatever happens."""

    async def prepare(self, keeper: Shopkeeper) -> None:
        def loud(tx: Any) -> None:
            tx.execute(update(Rule).where(Rule.audience == "buyer").values(channels=["email"]))
            tx.execute(update(Rule).where(Rule.audience == "staff").values(enabled=0))

        await keeper.house.store.write(loud)


async def run(run: Run) -> list[Verdict]:
    """The orders are shared by the databases."""
    orders = run.of(ORDERS, least=200) // len(run.databases)
    findings = [each for database in run.databases for each in await _confuse(run, database, orders)]
    return sum_up(
        findings, f"{orders * len(run.databases)} orders, facts reordered, providers up to {LONGEST_MS} ms slow"
    )


async def _confuse(run: Run, database: str, orders: int) -> list[Any]:
    stage = TalkativeStage(run.settings(database), orders + 1, longest_ms=LONGEST_MS, gift_stock=1)
    await stage.set_up()
    dice = run.dice(database)
    shop = Shop(stage.url, stage.token, stage.acks, dice, connections=4, most=4, eager=True)
    shop.plan(_reordered(dice, orders))
    try:
        await asyncio.to_thread(stage.start)
        await shop.talk()
        await asyncio.to_thread(stage.settle, 30 if run.mutant else 300)
        return await asyncio.to_thread(judge, stage.folder, stage.database, "tests.chaos.sequence")
    finally:
        stage.tear_down()


def _reordered(dice: Any, orders: int) -> list[list[dict[str, Any]]]:
    """Half of the stories in their order, one request after the other; the others in any."""
    lives = []
    for n in range(orders):
        life = [tell(type_, n * 10) for type_ in STORIES[n % len(STORIES)]]
        if n % 2:
            dice.shuffle(life)
        lives.append(life)
    return lives
