"""What a command line can ask of the house, whether it runs in this process or in another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from orderbell.base.errors import BadInput, NotFound
from orderbell.channels.directory import CHANNELS
from orderbell.delivery import accounts, trial
from orderbell.domain import access, cards, catalog, shops, staff
from orderbell.runtime import confirm, heads, intake, nightly, rotation, way
from orderbell.runtime.house import House
from orderbell.store.schema import Shop, Staff

Args = Mapping[str, Any]
CHUNK = 2000


async def create_key(house: House, args: Args) -> dict[str, Any]:
    """A new API key of the shop; its token is told once."""
    shop_id = await _shop(house, args)
    scopes = args.get("scopes") or access.SCOPES
    key_id, token = await house.store.write(
        lambda tx: access.create_api_key(tx, shop_id, args["name"], scopes, by="cli", now=house.clock.now())
    )
    return {"id": key_id, "token": token, "shop": shop_id}


async def sign_in_link(house: House, args: Args) -> dict[str, Any]:
    """A one-time link for the owner."""
    shop_id = await _shop(house, args)
    now = house.clock.now()
    lasts = staff.FIRST_LINK_LASTS if args.get("first") else timedelta(minutes=10)

    def make(tx: Any) -> str:
        query = select(Staff.id).where(Staff.shop_id == shop_id, Staff.role == "owner").order_by(Staff.id).limit(1)
        owner = tx.execute(query).scalar_one()
        return staff.make_sign_in_link(tx, shop_id, owner, by="cli", now=now, lasts=lasts)

    token = await house.store.write(make)
    return {"link": f"{house.settings.base_url}/panel/enter/{token}"}


async def import_cards(house: House, args: Args) -> dict[str, Any]:
    """Add the keys of a file to a product's stock, in pieces; paid orders that wait are served."""
    shop_id = await _shop(house, args)
    text = await asyncio.to_thread(Path(args["file"]).read_text, encoding="utf-8-sig")
    product = await house.store.read(lambda tx: catalog.find(tx, shop_id, args["sku"]))
    if product is None:
        raise NotFound(f"There is no product with the SKU {args['sku']!r}.")
    done = await intake.import_keys(house, shop_id, product.id, cards.split_lines(text), by="cli")
    return {"taken": done.taken, "duplicates": done.duplicates, "refused": len(done.refused)}


async def send_test(house: House, args: Args) -> dict[str, Any]:
    """A test message through an account; every step."""
    shop_id = await _shop(house, args)
    book = await house.store.read(lambda tx: house.books.one(tx, shop_id))
    account = book.account(args["channel"])
    if account is None:
        raise NotFound("There is no such channel account, or it is switched off.")
    traits, now = CHANNELS[account.kind].traits, house.clock.now()
    await house.store.write(lambda tx: accounts.note_test(tx, shop_id, account.id, by="cli", now=now))
    letter = trial.sample_letter(book, account.kind, traits, base_url=house.settings.base_url, now=now)
    steps = [step async for step in trial.try_out(house.channels.get(account), letter, args.get("to") or "")]
    return {"steps": [{"name": step.name, "ok": step.ok, "words": step.words} for step in steps]}


async def trace_order(house: House, args: Args) -> dict[str, Any]:
    """Every step of one order, oldest first."""
    shop_id = await _shop(house, args)
    steps = await house.store.read(lambda tx: way.of_order(tx, shop_id, args["order"]))
    return {"steps": [way.as_json(step) for step in steps]}


async def _shop(house: House, args: Args) -> str:
    wanted = args.get("shop")
    found = await house.store.read(
        lambda tx: tx.execute(select(Shop.id).where(Shop.id == wanted)).scalar() if wanted else shops.only_shop(tx)
    )
    if found is None:
        raise NotFound("There is no such shop; run `orderbell up` once to make the first.")
    return str(found)


DEEDS: Mapping[str, Callable[[House, Args], Awaitable[dict[str, Any]]]] = {
    "key.create": create_key,
    "cards.import": import_cards,
    "send-test": send_test,
    "sign-in-link": sign_in_link,
    "trace": trace_order,
    "secrets.rotate": rotation.rotate_wrapping_key,
    "secrets.rotate-data": rotation.rotate_data_keys,
    "audit.verify": heads.verify_all,
    "backup.note": nightly.note,
    "restore.status": confirm.status,
    "restore.confirm": confirm.confirm,
}


async def do(house: House, deed: str, args: Args) -> dict[str, Any]:
    """Do it.

    Raises:
        BadInput: `unknown_deed`.
        OrderBellError: whatever the deed itself refuses.
    """
    if deed not in DEEDS:
        raise BadInput(f"{deed!r} is not something a command line can ask.", code="unknown_deed")
    return await DEEDS[deed](house, args)
