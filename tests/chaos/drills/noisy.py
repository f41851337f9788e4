"""C9: more than we can take is refused, never taken and dropped. C10: a noisy shop does not make the others wait."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select

from orderbell.base.ids import new_id
from orderbell.domain import access
from orderbell.runtime.house import House, build
from orderbell.store.database import Tx
from orderbell.store.schema import Message, State
from tests.cast import Shopkeeper
from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

QUIET_RATE = 5.0
NOISY_RATE = 50.0
ALONE_S = TOGETHER_S = 40.0
BURST = 6000
BULK = 200_000
TWICE = 2.0
# The house's own target for the way from event to provider (architecture.md §4): below it nobody waits.
SOON_MS = 250.0
LANE_0_MOST_MS = 5000.0


@dataclass
class Neighbours(Stage):
    """A stage with a second shop, whose hooks go to the same receiver."""

    noisy_token: str = ""
    quiet_shop: str = ""
    _keepers: list[Shopkeeper] = field(default_factory=list)

    async def _add_accounts(self, keeper: Shopkeeper) -> None:
        _, http = self._start_sinks()
        second = await Shopkeeper.open(keeper.house)
        for each in (keeper, second):
            await each.add_account("webhook", url=f"http://127.0.0.1:{http}/hook", secret=self.webhook_secret)
        self.quiet_shop = keeper.id
        _, self.noisy_token = await keeper.house.store.write(
            lambda tx: access.create_api_key(tx, second.id, "noisy", by="test", now=keeper.house.clock.now())
        )


async def run(run: Run) -> list[Verdict]:
    """A quiet shop alone, beside a noisy one, in a burst, and before a mountain of bulk mail."""
    if "sqlite" not in run.databases:
        return []
    stage = Neighbours(run.settings("sqlite", lease_s=20), stock=1)
    # Without a card every paid order is owed, and its hook goes out in lane 0.
    await stage.set_up()
    stage.start()
    stage.wait_up()
    alone = await _measure(stage, ALONE_S * max(run.scale, 0.2), "A")
    seconds = TOGETHER_S * max(run.scale, 0.2)
    loud = shopper(
        stage, stage.folder / "loud", int(NOISY_RATE * seconds), rate=NOISY_RATE, connections=16,
        token=stage.noisy_token, prefix="L",
    )  # fmt: skip
    together = await _measure(stage, seconds, "B")
    await ended(loud, seconds + 60)
    c10 = _neighbours(alone, together)
    c9 = await _burst(run, stage)
    stage.tear_down()
    return [c10, *c9]


async def _measure(stage: Neighbours, seconds: float, prefix: str) -> dict[str, float]:
    """The quiet shop's times while it posts at its pace."""
    began = time.time()
    log = stage.folder / "quiet"
    till = shopper(stage, log, max(1, int(QUIET_RATE * seconds)), rate=QUIET_RATE, prefix=prefix, connections=4)
    await ended(till, seconds + 60)
    await asyncio.sleep(3)
    found: dict[str, dict[str, float]] = await asyncio.to_thread(
        check, "latency", stage.database, 0, began, time.time()
    )
    return found.get(stage.quiet_shop, {"messages": 0, "waiting": 999, "p50_ms": 1e9, "p99_ms": 1e9})


def _neighbours(alone: dict[str, float], together: dict[str, float]) -> Verdict:
    ok = together["p99_ms"] <= max(TWICE * alone["p99_ms"], SOON_MS) and together["waiting"] == 0
    words = (
        f"a shop at {NOISY_RATE:.0f} orders/s beside one at {QUIET_RATE:.0f}: the quiet one's lane 0 p99 "
        f"{together['p99_ms']} ms, alone {alone['p99_ms']} ms (p50 {together['p50_ms']} and {alone['p50_ms']})"
    )
    return Verdict("C10", ok, words, {"alone": alone, "together": together})


async def _burst(run: Run, stage: Neighbours) -> list[Verdict]:
    """As fast as sixty-four connections can; then bulk messages without end, and lane 0 in front of them."""
    log = stage.folder / "burst"
    storm = shopper(stage, log, run.of(BURST, least=600), connections=64, batch=5, token=stage.noisy_token, prefix="S",
                    type="order.created", until_s=60)  # fmt: skip
    await ended(storm, 120)
    found: dict[str, Any] = check("kept", stage.database, log)
    stage.kill()
    bulk = run.of(BULK, least=5000)
    house = build(stage.settings)
    await house.store.write(lambda tx: _pile_up(tx, bulk, house))
    await house.channels.close()
    await house.store.close()
    stage.start()
    stage.wait_up()
    times = await _measure(stage, 15 * max(run.scale, 0.3), "C")
    drops = found["lost_count"] + found["half_requests"]
    odd = set(found["statuses"]) - {"202", "429", "503", "0"}
    ok = drops == 0 and not odd and found["bare_503"] == 0 and times["p99_ms"] <= LANE_0_MOST_MS
    words = (
        f"burst of {found['acked']} events, answers {found['statuses']}: {found['lost_count']} taken and dropped; "
        f"with {bulk} messages queued in lane 2, lane 0's p99 is {times['p99_ms']} ms"
    )
    return [Verdict("C9", ok, words, found | {"lane_0": times, "bulk": bulk})]


def _pile_up(tx: Tx, count: int, house: House) -> None:
    """Copies of one message, due now, in the slowest lane."""
    row = tx.execute(select(Message.__table__).where(Message.channel == "webhook").limit(1)).mappings().one()
    fresh = {"state": int(State.READY), "status": "queued", "lane": 2, "due_at": house.clock.now(), "tries": 0,
             "lease_gen": 0, "sent_at": None, "ended_at": None}  # fmt: skip
    for start in range(0, count, 5000):
        ids = [new_id("message") for _ in range(start, min(count, start + 5000))]
        tx.execute(insert(Message), [{**row, **fresh, "id": id_, "natural_key": id_} for id_ in ids])
