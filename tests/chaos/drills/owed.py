"""A8: a paid order has its goods, or stands before a person, within thirty seconds; there is no third state.

Four kinds of trouble at once: too few cards, a mail provider that is down, a wording that cannot be rendered, and a
start without the key. And the state that only the sweep finds: a product that came after its order was paid.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
from typing import Any

import aiohttp

from orderbell.runtime.sweep import SILENT_AFTER
from orderbell.store.schema import Template, TemplateVersion
from tests.cast import Shopkeeper
from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, judge, sum_up
from tests.chaos.shop import Shop, tell
from tests.chaos.stage import ChaosStage
from tests.crash.checker import ask

ORDERS = 2000
LONGEST_S = 30.0
SILENT_S = SILENT_AFTER.total_seconds() + 1
LATE_SKU = "came-later"
# A wording nobody checked, as an old release may have kept it.
BROKEN = "{{ order.number | no_such_filter }}{% for x in y %}"
_ENDED = """SELECT max(e.done_at - p.received_at) / 1000000.0, count(*), sum(CASE WHEN e.done_at - p.received_at >
    30000000 THEN 1 ELSE 0 END) FROM event p JOIN event e ON e.order_number = p.order_number
    AND e.shop_id = p.shop_id AND e.type IN ('order.delivered', 'order.owed') WHERE p.type = 'order.paid'"""


class TroubledStage(ChaosStage):
    """A shop whose mails cannot be worded."""

    async def prepare(self, keeper: Shopkeeper) -> None:
        now = keeper.house.clock.now()
        name = {"shop_id": keeper.id, "event_type": "order.delivered", "audience": "buyer", "channel": "email"}

        def spoil(tx: Any) -> None:
            tx.execute(Template.__table__.insert().values(id="tpl_x", locale="en", current="tpv_x", **name))
            parts = {"subject": BROKEN, "heading": BROKEN, "body": BROKEN}
            version = {"id": "tpv_x", "template_id": "tpl_x", "n": 1, "by": "test", "created_at": now, "parts": parts}
            tx.execute(TemplateVersion.__table__.insert().values(shop_id=keeper.id, **version))

        await keeper.house.store.write(spoil)


async def run(run: Run) -> list[Verdict]:
    """All of it on each database."""
    orders = run.of(ORDERS, least=40)
    findings = [each for database in run.databases for each in await _trouble(run, database, orders)]
    return sum_up([each for each in findings if each.promise in ("A1", "A8")], f"{orders} orders on each database")


async def _trouble(run: Run, database: str, orders: int) -> list[Finding]:
    stage = TroubledStage(run.settings(database, lease_s=6), orders // 3, gift_stock=orders)
    await stage.set_up()
    shop = Shop(stage.url, stage.token, stage.acks, run.dice("owed"))
    try:
        findings = [await asyncio.to_thread(_start_without_key, stage)]
        stage.close_providers()
        shop.plan_orders(0, orders)
        await asyncio.to_thread(stage.start)
        await shop.talk()
        await asyncio.to_thread(_wait_decided, stage)
        findings += [each for each in await asyncio.to_thread(judge, stage.folder, stage.database) if _is_mine(each)]
        findings.append(_in_time(stage))
        findings.append(await _late_product(stage))
        return findings
    finally:
        stage.tear_down()


def _is_mine(finding: Finding) -> bool:
    # The mails cannot go out here: that they are stuck before a person is what is asked for.
    return finding.promise == "A8" and "mailed" not in finding.words


def _start_without_key(stage: ChaosStage) -> Finding:
    """A start with the key gone must refuse, not make a new one and lose every secret."""
    key, aside = stage.folder / "secret.key", stage.folder / "aside"
    key.rename(aside)
    stage.start()
    try:
        ended = stage.server.wait(15)
    except subprocess.TimeoutExpired:
        stage.kill()
        ended = 0
    aside.replace(key)
    return Finding("A8", "without its key the house does not open", "" if ended not in (0, None) else "it opened")


def _wait_decided(stage: ChaosStage, within_s: float = LONGEST_S) -> None:
    stage.wait_until("SELECT count(*) FROM event WHERE state < 2 AND due_at < {soon}", within_s)


def _in_time(stage: ChaosStage) -> Finding:
    longest, _, late = ask(stage.database, _ENDED)[0]
    words = f"at most {float(longest or 0):.1f} s from paid to delivered or owed"
    return Finding("A8", words, f"{late} late" if late else "")


async def _late_product(stage: ChaosStage) -> Finding:
    """Paid for something we do not keep; then the product is added. At the next start the sweep finds the order."""
    shop = Shop(stage.url, stage.token, stage.acks, random.Random(0))
    event = tell("order.paid", 9_999_990)
    event["order"]["lines"][0]["sku"] = LATE_SKU
    shop.plan([[event]])
    await shop.talk()
    headers = {"Authorization": f"Bearer {stage.token}"}
    async with aiohttp.ClientSession(stage.url, headers=headers) as session:
        body = {"sku": LATE_SKU, "title": "Late", "kind": "card"}
        async with session.post("/v1/products", json=body) as answer:
            answer.raise_for_status()
    await asyncio.sleep(SILENT_S)
    stage.kill()
    await asyncio.to_thread(stage.start)
    await asyncio.to_thread(stage.wait_until, "SELECT 1 - owed FROM orders WHERE number = 'N9999990'", 10)
    silent = ask(stage.database, "SELECT 1 - owed FROM orders WHERE number = 'N9999990'")[0][0]
    return Finding("A8", "the sweep at the start finds the silent", "an order stays silent" if silent else "")
