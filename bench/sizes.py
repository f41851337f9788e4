"""`python -m bench.sizes`: how much a page's first load brings over the line, packed, against what is promised.

Counted are the page and everything its head and body name from this house: styles, scripts and what scripts import,
the icon sprite. Pages that hold secrets go out unpacked, so they count as they are.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from orderbell.base.settings import Settings
from orderbell.cli.up import found
from orderbell.domain import staff
from orderbell.runtime import demo
from orderbell.runtime.house import House, build
from orderbell.store.migrate import migrate
from orderbell.store.schema import Order
from orderbell.web.app import make_app

KB = 1024
MOST_KB: Mapping[str, int] = {"panel": 60, "buyer": 25, "demo": 25, "widget": 5}
"""First load by room; the widget counts its one file."""
PANEL = (
    "", "/messages", "/orders", "/customers", "/rules", "/automations", "/templates", "/products", "/channels",
    "/channels/email", "/sources", "/sources/inbox", "/sandbox", "/keys", "/team", "/audit", "/health", "/brand",
    "/settings", "/style-guide",
)  # fmt: skip
_NAMED = re.compile(r"""(?:href|src)="(/static/[^"#]+)""")
_IMPORTED = re.compile(r"""\bfrom\s*["'](\.{1,2}/[^"']+)["']|\bimport\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")


@dataclass(frozen=True, kw_only=True)
class Weight:
    """What one page brings: the page itself, and its parts by kind, in bytes on the line."""

    room: str
    path: str
    page: int
    parts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All in."""
        return self.page + sum(self.parts.values())

    @property
    def fits(self) -> bool:
        """Whether it keeps the promise."""
        return self.total <= MOST_KB[self.room] * KB


async def weigh(browser: httpx.AsyncClient, room: str, path: str) -> Weight | None:
    """The weight of a page; None when there is no such page."""
    page, html, status = await _fetch(browser, path)
    if status != 200:
        return None
    parts: dict[str, int] = {}
    for address in sorted(set(_NAMED.findall(html))):
        await _gather(browser, address, parts)
    return Weight(room=room, path=path, page=page, parts=parts)


async def _gather(browser: httpx.AsyncClient, address: str, parts: dict[str, int]) -> None:
    name = address.partition("?")[0]
    if name in parts or name.endswith("mark.svg"):
        return
    parts[name], text, _ = await _fetch(browser, address)
    if name.endswith(".js"):
        for pair in _IMPORTED.findall(text):
            await _gather(browser, str(httpx.URL(f"http://x{name}").join(pair[0] or pair[1]).path), parts)


async def _fetch(browser: httpx.AsyncClient, path: str) -> tuple[int, str, int]:
    async with browser.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        raw = [part async for part in answer.aiter_raw()]
    text = httpx.Response(200, headers=answer.headers, content=b"".join(raw)).text
    return sum(map(len, raw)), text, answer.status_code


async def weigh_all(house: House, shop_id: str) -> list[Weight]:
    """Every page of the panel, the buyer's pages, the demo's window, and the widget."""
    app: Any = make_app(house)
    found_: list[Weight | None] = []
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=house.settings.base_url, follow_redirects=True
    ) as browser:
        order = await house.store.read(lambda tx: tx.execute(Order.__table__.select().limit(1)).one())
        await browser.get(f"/o/{house.writer.order_token(order)}")
        found_ += [await weigh(browser, "buyer", path) for path in ("/o", "/o?find=1", "/p")]
        found_.append(await weigh(browser, "demo", "/demo"))
        size, _, _ = await _fetch(browser, "/static/order-inbox.js")
        found_.append(Weight(room="widget", path="/static/order-inbox.js", page=size, parts={}))
        await _enter(browser, house, shop_id)
        found_ += [await weigh(browser, "panel", f"/panel{path}") for path in PANEL]
        found_.append(await weigh(browser, "panel", f"/panel/orders/{order.number}"))
    return [each for each in found_ if each is not None]


async def _enter(browser: httpx.AsyncClient, house: House, shop_id: str) -> None:
    now = house.clock.now()
    people = await house.store.read(lambda tx: staff.list_staff(tx, shop_id))
    browser.cookies.set("ob_session", await house.store.write(lambda tx: staff.open_session(tx, people[0], now=now)))


def table(weights: Sequence[Weight]) -> str:
    """The weights as text, the heaviest part of each named."""
    lines = [f"{'page':<34}{'page':>8}{'css':>8}{'js':>8}{'icons':>8}{'all':>9}  of"]
    for each in weights:
        kinds = [
            sum(size for name, size in each.parts.items() if name.endswith(end)) for end in (".css", ".js", ".svg")
        ]
        cells = "".join(f"{size / KB:8.1f}" for size in (each.page, *kinds))
        mark = "" if each.fits else "  TOO HEAVY"
        lines.append(f"{each.path:<34}{cells}{each.total / KB:9.1f}  {MOST_KB[each.room]} KB{mark}")
    return "\n".join(lines)


async def run(folder: Path) -> list[Weight]:
    """A demo house in a fresh folder, a few orders old, weighed."""
    settings = Settings(data_dir=folder, demo=True, public_url="http://shop.test")
    await asyncio.to_thread(migrate, settings)
    house = build(settings)
    await house.start()
    shop_id = await found(house)
    trading = asyncio.create_task(demo.trade(house, shop_id))
    while len(await house.store.read(lambda tx: tx.execute(Order.__table__.select().limit(9)).all())) < 9:
        await house.bus.wait(0.2)
    trading.cancel()
    await asyncio.gather(trading, return_exceptions=True)
    try:
        return await weigh_all(house, shop_id)
    finally:
        await house.stop()


def main() -> None:
    """Print the table; end with 1 when a page is too heavy."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = asyncio.run(run(Path(folder)))
    print(f"Packed bytes over the line, in KB\n{table(weights)}")
    raise SystemExit(0 if all(each.fits for each in weights) else 1)


if __name__ == "__main__":
    main()
