"""A thousand small fates of cards and orders: no card in two slots, and every card counted, after each step."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import tempfile
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from tests.cast import Shopkeeper
from tests.conftest import TurnedClock

from orderbell.base.errors import Conflict
from orderbell.base.settings import Settings
from orderbell.domain import catalog, goods
from orderbell.events import BY_TYPE, Line, OrderEvent, OrderFacts
from orderbell.runtime.house import House, build
from orderbell.store.journal import Entry
from orderbell.store.schema import Card, Product, Slot

NUMBERS = st.integers(1, 6).map(lambda n: f"N-{n}")


def quiet_house(folder: Path) -> House:
    """A house whose worker moves only when told."""
    return build(Settings(data_dir=folder, public_url="http://shop.test"), clock=TurnedClock())


class Fates(RuleBasedStateMachine):
    """A shop that reserves cards for unpaid orders, and everything that may happen to it."""

    shape: bytes = b""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name)
        (path / "orderbell.db").write_bytes(self.shape)
        self.house = quiet_house(path)
        self.shop = self.run(Shopkeeper.open(self.house))
        self.run(self.house.store.write(lambda tx: catalog.change_product(
            tx, self.shop.id, self.shop.product_id, reserve_on_order=1
        )))  # fmt: skip
        self.said = 0
        self.imported = 0

    def run(self, deed):  # type: ignore[no-untyped-def]
        return self.loop.run_until_complete(deed)

    def tell(self, type_: str, number: str, pieces: int, *, again: bool) -> None:
        """Say something of an order; again means as another fact of the same kind."""
        self.said += again
        kind = cast(type[OrderEvent], BY_TYPE[type_])
        facts = OrderFacts(number=number, currency="CNY", lines=(Line(sku="steam-100", quantity=pieces),))
        event = kind(id=f"{type_}:{number}:{self.said if again else 0}", at=self.house.clock.now(), order=facts)
        self.run(self.house.record([Entry(shop_id=self.shop.id, source_id=None, event=event)]))

    @rule()
    def work(self) -> None:
        async def until_done() -> None:
            while await self.house.worker.round():
                pass

        self.run(until_done())

    @rule(fresh=st.integers(0, 4), known=st.integers(0, 2))
    def stock(self, fresh: int, known: int) -> None:
        keys = [f"KEY-{self.imported + n}" for n in range(fresh)] + [f"KEY-{n}" for n in range(known)]
        done = self.run(self.shop.stock(*keys))
        self.imported += done.taken

    @rule(number=NUMBERS, pieces=st.integers(1, 3), again=st.booleans())
    def order(self, number: str, pieces: int, again: bool) -> None:
        self.tell("order.created", number, pieces, again=again)

    @rule(number=NUMBERS, pieces=st.integers(1, 3), again=st.booleans())
    def pay(self, number: str, pieces: int, again: bool) -> None:
        self.tell("order.paid", number, pieces, again=again)

    @rule(number=NUMBERS, type_=st.sampled_from(["order.cancelled", "order.expired", "order.refunded"]))
    def end(self, number: str, type_: str) -> None:
        self.tell(type_, number, 1, again=False)

    @rule(number=NUMBERS, type_=st.sampled_from(["review.needed", "review.approved", "order.completed"]))
    def decide(self, number: str, type_: str) -> None:
        self.tell(type_, number, 1, again=True)

    @rule(number=NUMBERS, pieces=st.integers(1, 3))
    def call_back_five_times(self, number: str, pieces: int) -> None:
        for _ in range(5):
            self.tell("order.paid", number, pieces, again=False)

    @rule(nth=st.integers(0, 5))
    def replace(self, nth: int) -> None:
        slots = sorted(row.id for row in self.run(self.shop.slots()))
        if slots:
            self.run(self.exchange(slots[nth % len(slots)]))

    async def exchange(self, slot: str) -> None:
        vault, now = await self.house.vault(self.shop.id), self.house.clock.now()
        with contextlib.suppress(Conflict):
            await self.house.store.write(
                lambda tx: goods.reissue(tx, vault, slot, by="test", reason="used", now=now)
            )  # fmt: skip

    @rule()
    def start_again(self) -> None:
        self.run(self.house.store.close())
        self.house = quiet_house(Path(self.folder.name))
        self.shop = dataclasses.replace(self.shop, house=self.house)

    @invariant()
    def every_card_is_counted_and_in_one_slot_at_most(self) -> None:
        states, slots, product = self.run(self.house.store.read(self.look))
        assert sum(states.values()) == self.imported
        assert states.get("free", 0) == product.free
        assert states.get("sold", 0) == product.sold
        assert product.sold + states.get("void", 0) == len(slots) == len(set(slots))

    @invariant()
    def no_fact_is_stuck(self) -> None:
        assert self.run(self.shop.stuck()) == []

    def look(self, tx):  # type: ignore[no-untyped-def]
        states = tx.execute(select(Card.state, func.count()).group_by(Card.state)).all()
        slots = tx.execute(select(Slot.card_id)).scalars().all()
        return {row[0]: row[1] for row in states}, slots, tx.execute(select(Product.__table__)).one()

    def teardown(self) -> None:
        self.work()
        self.every_card_is_counted_and_in_one_slot_at_most()
        self.no_fact_is_stuck()
        self.run(self.house.store.close())
        self.loop.close()
        self.folder.cleanup()


@pytest.fixture
def fates(sqlite_shape: bytes) -> type[Fates]:
    """The machine, with the shape of its database."""
    return type("FatesHere", (Fates,), {"shape": sqlite_shape})


def test_whatever_happens_no_card_is_lost_or_sold_twice(fates: type[Fates]) -> None:
    few = settings(
        max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(fates, settings=few)
