"""`python -m bench.pages`: how long the server takes for each page of the panel with so many messages stored.

The house is filled as it would be after a long time, then each page is asked for again and again by a signed-in owner,
in this process and without a network: what is printed is the server's own time, queries and drawing.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
from sqlalchemy import func, select

from bench.filling import opened
from orderbell.base.settings import Settings
from orderbell.channels.directory import CHANNELS
from orderbell.domain import catalog, shops, staff
from orderbell.domain.staff import StaffSeat
from orderbell.runtime import intake
from orderbell.runtime.house import House, build
from orderbell.sources.own import read_events
from orderbell.store.database import Tx
from orderbell.store.journal import Entry
from orderbell.store.migrate import migrate
from orderbell.store.schema import Customer, EventRow, Message, Order, State
from orderbell.web.app import make_app

MESSAGES, TIMES, ORIGINALS = 100_000, 40, 50
BAR_MS = 30.0
SETTLES_S, LOOK_S = 60.0, 0.05
LIKE = "page-%"
FAILED = "UPDATE message SET status = 'failed', reason = 'no_more_tries' WHERE rowid % 97 = 0 AND channel <> 'webhook'"
UNKNOWN = "UPDATE message SET status = 'unknown', reason = 'no_answer' WHERE rowid % 4001 = 0"
LISTS = (
    "/messages", "/messages?q=status:failed", "/messages?q=status:failed channel:sms", "/messages?q=status:unknown",
    "/messages?q=channel:email event:order.paid", "/messages?q=event:stock.out", "/messages?q=to:139",
    "/messages?q=to:b1*@example.com", "/messages?q=order:page-1", "/messages?q=why:no_answer who:buyer",
    "/messages?q=template:own", "/messages?q=after:today", "/messages?q=before:2020-01-01", "/messages?q=steam",
    "/messages?q=nothing-like-this", "/messages/again?q=status:failed", "/orders", "/orders?q=status:delivered",
    "/orders?q=is:owed", "/orders?q=buyer:Buyer", "/orders?q=sku:steam amount:>50", "/orders?q=page-1",
    "/orders?q=after:7d", "/customers", "/customers?q=is:returning", "/customers?q=is:unreachable",
    "/customers?q=to:139", "/customers?q=Buyer", "", "/products", "/channels", "/audit",
    "/search?q=page-2", "/sandbox", "/health",
)  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """One page's times in milliseconds."""

    path: str
    p50_ms: float
    p95_ms: float


def event_of(n: int, type_: str) -> dict[str, Any]:
    """An event of one of the originals; a few of them are one buyer's."""
    buyer = {
        "ref": f"u{n % 40}",
        "name": f"Buyer {n % 40}",
        "email": f"b{n % 40}@example.com",
        "phone": f"+8613900000{n:03}",
    }
    line = {"sku": "steam-100", "title": "Steam ¥100", "quantity": 1, "price": "99.00"}
    order = {"number": f"page-{n:03}", "amount": "99.00", "currency": "CNY", "buyer": buyer, "lines": [line]}
    return {"id": f"{type_}:{n}", "type": type_, "order": order}


async def furnish(settings: Settings) -> None:
    """A shop whose originals were sold, and everybody told."""
    migrate(settings)
    house = build(settings)
    await house.start()
    now = house.clock.now()

    def open_shop(tx: Tx) -> tuple[str, str]:
        shop_id = shops.create_shop(tx, house.keyring, name="Pages", channels=list(CHANNELS), now=now)
        staff.add_staff(tx, shop_id, email="owner@example.com", name="Owner", role="owner", by="bench", now=now)
        return shop_id, catalog.add_product(tx, shop_id, sku="steam-100", title="Steam", low_at=0, now=now)

    shop_id, product_id = await house.store.write(open_shop)
    await intake.import_keys(house, shop_id, product_id, [f"KEY-{n}" for n in range(ORIGINALS + 5)], by="bench")
    for type_ in ("order.created", "order.paid"):
        for n in range(ORIGINALS):
            events = read_events(_json(event_of(n, type_)), now=house.clock.now())
            await house.record([Entry(shop_id=shop_id, source_id=None, event=event) for event in events])
        await _settled(house)
    await house.stop()


def _json(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"events": [event]})


async def _settled(house: House) -> None:
    def waiting(tx: Tx) -> int:
        tables = (EventRow, Message)
        return sum(
            tx.execute(select(func.count()).select_from(table).where(table.state < int(State.DONE))).scalar_one()
            for table in tables
        )

    async with asyncio.timeout(SETTLES_S):
        while await house.store.read(waiting):
            await house.bus.wait(LOOK_S)


def fill(data: Path, wanted: int) -> int:
    """Copy the originals until so many messages are stored; how many there are then."""
    with opened(data) as file:
        ((each,),) = file.rows("SELECT count(*) FROM message")
        file.copy_orders(LIKE, first=1, last=max(1, -(-(wanted - each) // each)))
        for sql in (FAILED, UNKNOWN, "ANALYZE"):
            file.connection.execute(sql)
        file.connection.commit()
        ((stored,),) = file.rows("SELECT count(*) FROM message")
    return int(stored)


@asynccontextmanager
async def owners_browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is signed in."""
    now = house.clock.now()

    def enter(tx: Tx) -> str:
        shop_id = shops.only_shop(tx)
        seat: StaffSeat = staff.list_staff(tx, str(shop_id))[0]
        return staff.open_session(tx, seat, now=now)

    token = await house.store.write(enter)
    transport = httpx.ASGITransport(app=make_app(house))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=house.settings.base_url) as browser:
        browser.cookies.set("ob_session", token)
        yield browser


async def paths(house: House) -> list[str]:
    """Every page that is measured, those of single rows too."""

    def some(tx: Tx) -> list[str]:
        message = tx.execute(select(Message.id).where(Message.order_id.is_not(None)).order_by(Message.id).limit(1))
        number = tx.execute(select(Order.number).order_by(Order.id).offset(99).limit(1)).scalar_one()
        buyer = tx.execute(select(Customer.id).order_by(Customer.id).offset(9).limit(1)).scalar_one()
        return [f"/messages/{message.scalar_one()}", f"/orders/{number}", f"/customers/{buyer}"]

    return [*LISTS, *await house.store.read(some)]


async def measure(browser: httpx.AsyncClient, path: str, times: int) -> Timed:
    """Ask for a page again and again; the first two answers warm it up."""
    spans: list[float] = []
    for n in range(times + 2):
        began = time.perf_counter()
        answer = await browser.get(f"/panel{path}")
        if n > 1:
            spans.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    spans.sort()
    return Timed(path, spans[len(spans) // 2], spans[min(len(spans) - 1, int(len(spans) * 0.95))])


async def run(folder: Path, messages: int, times: int) -> list[Timed]:
    """Fill a house and time its pages."""
    settings = Settings(data_dir=folder, public_url="http://127.0.0.1:1")
    await furnish(settings)
    stored = await asyncio.to_thread(fill, folder, messages)
    print(f"{stored:,} messages stored")
    house = build(settings)
    await house.start()
    try:
        async with owners_browser(house) as browser:
            return [await measure(browser, path, times) for path in await paths(house)]
    finally:
        await house.stop()


def show(found: Sequence[Timed]) -> None:
    """Print the table; what is over the bar is marked."""
    print(f"{'p50 ms':>8} {'p95 ms':>8}  page")
    for each in sorted(found, key=lambda timed: -timed.p95_ms):
        mark = "  over the bar" if each.p95_ms > BAR_MS else ""
        print(f"{each.p50_ms:8.1f} {each.p95_ms:8.1f}  /panel{each.path}{mark}")


def main(words: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many are stored (100,000)")
    parser.add_argument("--times", type=int, default=TIMES, help="how often each page is asked for (40)")
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="orderbell-pages-") as folder:
        show(asyncio.run(run(Path(folder), asked.messages, asked.times)))


if __name__ == "__main__":
    main()
