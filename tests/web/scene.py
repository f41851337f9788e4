"""A furnished shop with a program and the owner's browser, and what a route's address needs to name something real."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import insert, update
from tests.cast import Shopkeeper
from tests.web.doors import csrf_of, link_to
from tests.web.panel.conftest import seat_of

from orderbell.base import totp
from orderbell.base.ids import new_id
from orderbell.base.secrets import Sealed, token_hash
from orderbell.delivery import again, outbox
from orderbell.domain import access, catalog, factor, invitations, restored, rule_changes, sources, staff
from orderbell.domain.rule_changes import By
from orderbell.messages import brand
from orderbell.messages.brand import Brand
from orderbell.store import marker
from orderbell.store.database import Tx
from orderbell.store.marker import Restored
from orderbell.store.schema import Audit, EventRow, Invitation, Message, SecondFactor, Staff, State, Task

RULE = {"name": "Mine", "trigger": "order.paid", "condition": "", "audience": "buyer", "channels": ["inbox"]}
MAIL = {"host": "127.0.0.1", "port": "1", "security": "none", "from_address": "shop@example.com"}
PASSWORD = "correct horse battery"
SETTINGS = {"name": "Star", "locale": "en", "timezone": "UTC", "currency": "EUR"}


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
        filled = {name: await value(self) if callable(value) else value for name, value in payload.items()}
        if path.startswith("/v1"):
            return await self.program.request(method, path, json=filled or None)
        page = (
            path
            if "/sign-in" in path or "/enter/" in path or "/join/" in path or "/second-step" in path
            else "/panel/keys"
            if path.startswith("/panel")
            else "/o"
        )
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


async def copied(scene: Scene) -> None:
    """The newest message is a copy that has not left yet."""
    old, by, now = await sent(scene), (await seat_of(scene.shop, "owner")).staff_id, scene.shop.house.clock.now()
    wait = timedelta(hours=1)
    await scene.write(lambda tx: outbox.resend(tx, scene.shop.id, old, by=by, now=now, after=wait))


async def with_failed(scene: Scene) -> None:
    """A message failed."""
    message_id, values = await sent(scene), {"status": "failed", "reason": "no_more_tries"}
    await scene.write(lambda tx: tx.execute(update(Message).where(Message.id == message_id).values(**values)))


async def job(scene: Scene) -> str:
    """A bulk resend that has begun."""
    await with_failed(scene)
    old, now, shop_id = await sent(scene), scene.shop.house.clock.now(), scene.shop.id
    return str(await scene.write(lambda tx: again.begin(tx, shop_id, [old], query="", by="test", now=now)))


async def rule(scene: Scene) -> str:
    """A rule of the merchant's own."""
    return str((await scene.program.post("/v1/rules", json=RULE)).json()["id"])


async def rule_change(scene: Scene) -> str:
    """A change of a rule that can be taken back."""
    rule_id, by = await rule(scene), By(shop_id=scene.shop.id, actor="test", now=scene.shop.house.clock.now())
    return str(await scene.write(lambda tx: rule_changes.change(tx, by, rule_id, {"lane": 2})))


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


async def colleague(scene: Scene) -> str:
    """Somebody who works or worked here too."""
    known = [row.id for row in await scene.shop.rows(Staff) if row.role == "support"]
    return str(known[0]) if known else (await seat_of(scene.shop, "support")).staff_id


async def gone_colleague(scene: Scene) -> None:
    """The colleague was put out."""
    now, shop_id, who = scene.shop.house.clock.now(), scene.shop.id, await colleague(scene)
    await scene.write(lambda tx: staff.disable_staff(tx, shop_id, who, by="test", now=now))


async def invited(scene: Scene) -> tuple[str, str]:
    """Somebody's invitation: its id and its token."""
    now, shop_id = scene.shop.house.clock.now(), scene.shop.id
    made = await scene.write(
        lambda tx: invitations.invite(tx, shop_id, email="li@example.com", role="viewer", by="test", now=now)
    )
    return str(made[0]), str(made[1])


async def invitation(scene: Scene) -> str:
    """The invitation that is there, else a fresh one."""
    known = await scene.shop.rows(Invitation)
    return str(known[0].id) if known else (await invited(scene))[0]


async def invite_token(scene: Scene) -> str:
    """The token of an invitation."""
    return (await invited(scene))[1]


async def called_back(scene: Scene) -> None:
    """An invitation was called back."""
    now, shop_id, (id_, _) = scene.shop.house.clock.now(), scene.shop.id, await invited(scene)
    await scene.write(lambda tx: invitations.revoke(tx, shop_id, id_, by="test", now=now))


async def other_session(scene: Scene) -> str:
    """Another browser of the owner's."""
    seat, now = await seat_of(scene.shop, "owner"), scene.shop.house.clock.now()
    return token_hash(str(await scene.write(lambda tx: staff.open_session(tx, seat, now=now))))


async def scanning(scene: Scene) -> None:
    """The owner is setting up a second step."""
    seat, vault, now = (
        await seat_of(scene.shop, "owner"),
        await scene.shop.house.vault(scene.shop.id),
        scene.shop.house.clock.now(),
    )
    await scene.write(lambda tx: factor.begin(tx, vault, seat, now=now))


async def with_factor(scene: Scene, who: str = "owner") -> None:
    """Somebody has a second step; the code of the step before is spent."""
    seat, vault, now = (
        await seat_of(scene.shop, who),
        await scene.shop.house.vault(scene.shop.id),
        scene.shop.house.clock.now(),
    )

    def write(tx: Tx) -> None:
        secret = factor.begin(tx, vault, seat, now=now)
        factor.confirm(tx, vault, seat, totp.code(secret, totp.step_at(now) - 1), now=now)

    await scene.write(write)


async def colleague_with_factor(scene: Scene) -> None:
    """The colleague has a second step."""
    await with_factor(scene, "support")


async def code(scene: Scene) -> str:
    """What the owner's app shows now."""
    vault, row = await scene.shop.house.vault(scene.shop.id), (await scene.shop.rows(SecondFactor))[0]
    secret = vault.box.open(Sealed.unpack(row.sealed), "second_factor", row.shop_id, row.staff_id)
    return totp.code(secret, totp.step_at(scene.shop.house.clock.now()))


async def half_in(scene: Scene) -> None:
    """The owner has shown the password and owes the code."""
    await with_password(scene)
    await with_factor(scene)
    await scene.call("POST /panel/sign-in", {"email": "owner@example.com", "password": PASSWORD})


async def look(scene: Scene) -> str:
    """A kept version of the brand."""
    now, shop_id = scene.shop.house.clock.now(), scene.shop.id
    return str(await scene.write(lambda tx: brand.save(tx, shop_id, Brand(name="Star"), now=now)))


async def stuck_event(scene: Scene) -> str:
    """An event that is stuck."""
    row = (await scene.shop.rows(EventRow))[0]
    values = {"state": int(State.STUCK), "error": "ValueError('x')"}
    await scene.write(lambda tx: tx.execute(update(EventRow).where(EventRow.id == row.id).values(**values)))
    return str(row.id)


async def old_text(scene: Scene) -> str:
    """A version of a text that does not count any more."""
    place = "/v1/templates/order.paid/buyer/inbox/en"
    written = [await scene.program.put(place, json={"parts": {"body": each}}) for each in ("one", "two")]
    return str(written[0].json()["version"])


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
    "account_id": account, "hook_id": hook, "product_id": product, "message_id": sent, "job_id": job, "rule_id": rule,
    "version_id": look, "staff_id": colleague, "invitation_id": invitation, "invite_token": invite_token,
    "session_id": other_session,
    "source_id": source, "key_id": key, "token": entry, "event_id": stuck_event, "task_id": task,
    "kind": always("email"), "number": always("N-1"), "sku": always("steam-100"), "event_type": always("order.paid"),
    "audience": always("buyer"),
    "channel": always("inbox"), "locale": always("en"),
}  # fmt: skip
