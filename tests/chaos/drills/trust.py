"""H2 and H5: secrets that changed places do not open, and a trail that somebody rewrote in the database shows it.

In one process on real databases: the one who breaks in here has the database, and neither the key nor the kept ends.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import delete, select, update

from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Box, Sealed
from orderbell.domain import audit, catalog
from orderbell.runtime import intake
from orderbell.runtime.house import House, build
from orderbell.store.database import Tx
from orderbell.store.schema import Audit, Card
from tests.cast import Shopkeeper
from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, sum_up

CARDS, ROWS, HARMS = 2000, 10_000, 200
AWAY = 10**9
"""A place in the trail where no row stands."""
Harm = Callable[[Tx, random.Random], None]


class Undone(Exception):
    """Takes a harm back with its transaction; carries what the trail's reader said."""

    def __init__(self, found: audit.Verdict) -> None:
        self.found = found


async def run(run: Run) -> list[Verdict]:
    """On each database."""
    findings = [each for database in run.databases for each in await _try(run, database)]
    cards, rows, harms = run.of(CARDS, least=40), run.of(ROWS, least=200), run.of(HARMS, least=8)
    return sum_up(findings, f"{cards} cards changed places; {rows} rows of a trail, harmed {harms} times, per database")


async def _try(run: Run, database: str) -> list[Finding]:
    house = build(run.settings(database))
    try:
        keeper = await Shopkeeper.open(house)
        opened = await _swap(run, house, keeper)
        unseen = await _harm(run, house, keeper)
    finally:
        await house.channels.close()
        await house.store.close()
    return [
        Finding("H2", "no card opens in another's place", f"{opened} opened" if opened else ""),
        Finding("H5", "every harm to the trail shows", ", ".join(unseen)),
    ]


async def _swap(run: Run, house: House, keeper: Shopkeeper) -> int:
    """How many cards open with the ciphertext of another card, of the same product or of a second one."""
    now, count = house.clock.now(), run.of(CARDS, least=40) // 2
    other = await house.store.write(
        lambda tx: catalog.add_product(tx, keeper.id, sku="o", title="O", low_at=0, now=now)
    )
    for product, mark in ((keeper.product_id, "A"), (other, "B")):
        await intake.import_keys(house, keeper.id, product, [f"{mark}-{n}" for n in range(count)], by="test")
    query = select(Card.id, Card.product_id, Card.sealed).where(Card.shop_id == keeper.id).order_by(Card.id)
    found = await house.store.read(lambda tx: tx.execute(query).all())
    cards = [(row.id, row.product_id, row.sealed) for row in found]
    box, step = (await house.vault(keeper.id)).box, run.dice("swap").randrange(1, len(cards))
    own = sum(_opens(box, keeper.id, card, card) for card in cards)
    assert own == len(cards), "each card must open in its own place, or this drill proves nothing"
    return sum(_opens(box, keeper.id, card, cards[(n + step) % len(cards)]) for n, card in enumerate(cards))


def _opens(box: Box, shop_id: str, place: tuple[str, str, bytes], card: tuple[str, str, bytes]) -> bool:
    with suppress(Misconfigured):
        box.open(Sealed.unpack(card[2]), "card", shop_id, place[1], place[0])
        return True
    return False


async def _harm(run: Run, house: House, keeper: Shopkeeper) -> list[str]:
    """The kinds of harm that nobody saw."""
    rows, now = run.of(ROWS, least=200), house.clock.now()

    def write(tx: Tx) -> None:
        for n in range(rows):
            audit.note(tx, keeper.id, actor="stf_1", action="card.shown", object=f"crd_{n}", now=now)

    await house.store.write(write)
    dice, unseen = run.dice("harm"), set[str]()
    for n in range(run.of(HARMS, least=8)):
        harm = _HARMS[n % len(_HARMS)]
        if await _seen_after(house, keeper.id, harm, dice) == "":
            unseen.add(harm.__name__.strip("_"))
    return sorted(unseen)


async def _seen_after(house: House, shop_id: str, harm: Harm, dice: random.Random) -> str:
    """What the reader of the trail says of it; the harm itself is taken back."""

    def try_out(tx: Tx) -> None:
        harm(tx, dice)
        raise Undone(audit.verify(tx, shop_id))

    try:
        await house.store.write(try_out)
    except Undone as undone:
        return undone.found.why
    return ""


def _last(tx: Tx) -> int:
    return int(tx.execute(select(Audit.seq).order_by(Audit.seq.desc()).limit(1)).scalar_one())


def _an_edit(tx: Tx, dice: random.Random) -> None:
    tx.execute(update(Audit).where(Audit.seq == dice.randint(1, _last(tx))).values(actor="stf_2"))


def _a_deletion(tx: Tx, dice: random.Random) -> None:
    tx.execute(delete(Audit).where(Audit.seq == dice.randint(1, _last(tx))))


def _another_order(tx: Tx, dice: random.Random) -> None:
    one, two = dice.sample(range(1, _last(tx) + 1), 2)
    for old, new in ((one, AWAY), (two, one), (AWAY, two)):
        tx.execute(update(Audit).where(Audit.seq == old).values(seq=new))


def _a_cut(tx: Tx, dice: random.Random) -> None:
    tx.execute(delete(Audit).where(Audit.seq > dice.randint(0, _last(tx) - 1)))


_HARMS: tuple[Harm, ...] = (_an_edit, _a_deletion, _another_order, _a_cut)
