"""Lost sales: what many lines say of one card, and that taking it out twice is the same as once."""

from __future__ import annotations

from msgspec.structs import replace as changed
from tests.domain.stand import NOW, Stand
from tests.store.test_allocations import line

from orderbell.domain import lost
from orderbell.store.allocations import Given
from orderbell.store.database import Tx
from orderbell.store.schema import LostSale


def fates(*lines: Given) -> dict[str, str]:
    """What becomes of each card."""
    return {each.card_id: fate for each, fate in lost.judge(lines)}


def test_a_card_given_once_is_sold() -> None:
    assert fates(line(1), line(2)) == {"crd_1": "sold", "crd_2": "sold"}


def test_a_card_whose_piece_got_another_one_is_in_doubt() -> None:
    again = changed(line(2), order_number="N-1")
    assert fates(line(1), again) == {"crd_1": "quarantine", "crd_2": "sold"}


def test_a_card_given_anew_after_a_lost_transaction_belongs_to_the_last() -> None:
    assert fates(line(1), changed(line(2), card_id="crd_1")) == {"crd_1": "sold"}
    assert lost.judge([line(1), changed(line(2), card_id="crd_1")])[0][0].order_number == "N-2"


def test_a_replaced_card_is_void() -> None:
    instead = changed(line(2), order_number="N-1", gen=1)
    assert fates(line(1), instead) == {"crd_1": "void", "crd_2": "sold"}


def known(stand: Stand, card_id: str) -> Given:
    """A line about a card of the stand."""
    return changed(line(1), card_id=card_id, shop_id=stand.vault.shop_id, product_id=stand.product_id)


async def test_taking_a_card_out_twice_is_the_same_as_once(stand: Stand) -> None:
    await stand.stock("KEY-1", "KEY-2")
    card = (await stand.cards())[0]
    found = [(known(stand, card.id), lost.SOLD)]
    counts = [await stand.store.write(lambda tx: lost.take_out(tx, found)) for _ in range(2)]
    product = await stand.product()
    assert counts == [{"sold": 1}, {}] and (product.free, product.sold) == (1, 1)
    assert await stand.states() == {"free": 1, "sold": 1}


async def test_a_card_set_aside_returned_and_lost_again_is_remembered_anew(stand: Stand) -> None:
    await stand.stock("KEY-1")
    card = (await stand.cards())[0]

    def settle(tx: Tx) -> None:
        lost.take_out(tx, [(known(stand, card.id), lost.QUARANTINE)])
        tx.execute(LostSale.__table__.update().values(settled_at=NOW))
        tx.exec_driver_sql("UPDATE card SET state = 'free'")
        lost.take_out(tx, [(changed(known(stand, card.id), order_number="N-9"), lost.SOLD)])

    await stand.store.write(settle)
    row = await stand.store.read(lambda tx: tx.execute(LostSale.__table__.select()).one())
    assert (row.order_number, row.fate, row.settled_at) == ("N-9", "sold", None)


async def test_a_card_nobody_knows_is_remembered_by_its_fingerprint(stand: Stand) -> None:

    gone = changed(known(stand, "crd_gone"), fingerprint=stand.vault.fingerprint("KEY-1").hex())
    await stand.store.write(lambda tx: lost.take_out(tx, [(gone, lost.SOLD)]))
    await stand.stock("KEY-1", "KEY-2")
    product = await stand.product()
    assert (product.free, product.sold, await stand.states()) == (1, 1, {"free": 1, "sold": 1})
