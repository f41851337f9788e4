"""A furnished shop with a program and the owner's browser, and what a route's address needs to name something real."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import insert, update
from tests.cast import Shopkeeper
from tests.web.doors import csrf_of, link_to
from tests.web.panel.conftest import seat_of

from orderbell.base.ids import new_id
from orderbell.domain import access, catalog, restored, sources, staff
from orderbell.store import marker
from orderbell.store.database import Tx
from orderbell.store.marker import Restored
from orderbell.store.schema import Audit, EventRow, Message, State, Task

RULE = {"name": "Mine", "trigger": "order.paid", "condition": "", "audience": "buyer", "channels": ["inbox"]}
MAIL = {"host": "127.0.0.1", "port": "1", "security": "none", "from_address": "shop@example.com"}
PASSWORD = "correct horse battery"


@dataclass
class Scene:
    """The shop and its visitors."""

    shop: Shopkeeper
    program: httpx.AsyncClient
    browser: httpx.AsyncClient

    async def call(self, route: str, payload: dict[str, Any]) -> httpx.Response:
        """Call a route: /v1 as the program, everything else as a form of the panel or the buyer's page."""
        method, path = route.split()
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", await NAMED[name](self))
        if path.startswith("/v1"):
            return await self.program.request(method, path, json=payload or None)
        page = path if "/sign-in" in path or "/enter/" in path else "/panel/keys" if path.startswith("/panel") else "/o"
        filled = {name: await value(self) if callable(value) else value for name, value in payload.items()}
        return await self.browser.post(path, data={**csrf_of(await self.browser.get(page)), **filled})

    async def write(self, fn: Callable[[Tx], Any]) -> Any:
        """Change rows past the doors."""
        return await self.shop.house.store.write(fn)

    async def trail(self) -> list[str]:
        """What was done so far."""
        return [row.action for row in sorted(await self.shop.rows(Audit), key=lambda row: row.seq)]


async def account(scene: Scene) -> str:
    """A mail account."""
    return await scene.shop.add_account("email", **MAIL)


async def hook(scene: Scene) -> str:
    """A webhook."""
    return await scene.shop.add_account("webhook", url="http://127.0.0.1:9/x")


async def sent(scene: Scene) -> str:
    """A message that was sent."""
    return str((await scene.shop.messages(channel="email", audience="buyer"))[-1].id)


async def rule(scene: Scene) -> str:
    """A rule of the merchant's own."""
    return str((await scene.program.post("/v1/rules", json=RULE)).json()["id"])


async def source(scene: Scene) -> str:
    """A connected shop."""
    vault, now = await scene.shop.house.vault(scene.shop.id), scene.shop.house.clock.now()
    opened = await scene.write(
        lambda tx: sources.add_source(tx, vault, kind="signed", name="till", values={}, by="test", now=now)
    )
    return str(opened.id)


async def key(scene: Scene) -> str:
    """An API key."""
    now, shop_id = scene.shop.house.clock.now(), scene.shop.id
    made = await scene.write(lambda tx: access.create_api_key(tx, shop_id, "till", by="test", now=now))
    return str(made[0])


async def entry(scene: Scene) -> str:
    """The token of a one-time link."""
    seat, now = await seat_of(scene.shop, "owner"), scene.shop.house.clock.now()
    made = await scene.write(lambda tx: staff.make_sign_in_link(tx, scene.shop.id, seat.staff_id, by="test", now=now))
    return str(made)


async def stuck_event(scene: Scene) -> str:
    """An event that is stuck."""
    row = (await scene.shop.rows(EventRow))[0]
    values = {"state": int(State.STUCK), "error": "ValueError('x')"}
    await scene.write(lambda tx: tx.execute(update(EventRow).where(EventRow.id == row.id).values(**values)))
    return str(row.id)


async def stuck_message(scene: Scene) -> str:
    """The reason of a message that is stuck."""
    message_id, values = await sent(scene), {"state": int(State.STUCK), "reason": "will_retry"}
    await scene.write(lambda tx: tx.execute(update(Message).where(Message.id == message_id).values(**values)))
    return "will_retry"


async def task(scene: Scene, kind: str = "not_delivered") -> str:
    """Something that waits for a person."""
    id_, now = new_id("task"), scene.shop.house.clock.now()
    row = {"id": id_, "shop_id": scene.shop.id, "kind": kind, "subject_id": kind, "detail": {}, "opened_at": now}
    await scene.write(lambda tx: tx.execute(insert(Task).values(**row)))
    return id_


async def only_reusable(scene: Scene) -> None:
    """From now on, the product of this scene is one whose text is the same for all."""
    now, id_ = scene.shop.house.clock.now(), scene.shop.id
    made = await scene.write(lambda tx: catalog.add_product(tx, id_, sku="g", title="G", kind="reusable", now=now))
    scene.shop.product_id = str(made)


async def product(scene: Scene) -> str:
    """The scene's product."""
    return scene.shop.product_id


async def paused(scene: Scene) -> None:
    """The house was restored from a backup and waits for its owner."""
    now = scene.shop.house.clock.now()
    mark = Restored(source="last night", snapshot_at=now, restored_at=now, state=marker.PAUSED)
    await scene.write(lambda tx: marker.put(tx, mark))


async def with_cards_aside(scene: Scene) -> None:
    """The house was restored, and every unsold card is set aside."""
    await paused(scene)
    now = scene.shop.house.clock.now()
    await scene.write(lambda tx: restored.set_free_aside(tx, scene.shop.id, by="test", now=now))


async def slot(scene: Scene) -> str:
    """A piece that was handed out."""
    return str((await scene.shop.slots())[0].id)


async def with_password(scene: Scene) -> None:
    """The owner has a password, and nobody is signed in."""
    await scene.call("POST /panel/password", {"password": PASSWORD, "again": PASSWORD})
    scene.browser.cookies.clear()


async def as_buyer(scene: Scene) -> None:
    """The browser is the buyer's."""
    scene.browser.cookies.clear()
    await scene.browser.get(await link_to(scene.shop, "N-1"))


def always(value: str) -> Callable[[Scene], Awaitable[str]]:
    """The same name for every shop."""

    async def name(_: Scene) -> str:
        return value

    return name


NAMED: dict[str, Callable[[Scene], Awaitable[str]]] = {
    "account_id": account, "hook_id": hook, "product_id": product, "message_id": sent, "rule_id": rule,
    "source_id": source, "key_id": key, "token": entry, "event_id": stuck_event, "task_id": task,
    "kind": always("email"), "number": always("N-1"), "sku": always("steam-100"), "event_type": always("order.paid"),
    "audience": always("buyer"),
    "channel": always("inbox"), "locale": always("en"),
}  # fmt: skip
