"""`orderbell up`: one process that is web, worker and ticker; and `orderbell web`: the doors alone."""

from __future__ import annotations

import asyncio
import socket

from granian.constants import Interfaces
from granian.server.embed import Server

from orderbell.base.errors import Misconfigured
from orderbell.base.settings import Settings
from orderbell.channels.directory import CHANNELS
from orderbell.cli import door
from orderbell.cli.parts import until_told
from orderbell.domain import shops, staff
from orderbell.runtime import deeds, demo, heads, nightly
from orderbell.runtime.house import House, Role, build
from orderbell.store.database import Tx
from orderbell.store.migrate import lock_for_founding, migrate
from orderbell.store.schema import Staff
from orderbell.web.app import make_app

OWNER = "owner@example.com"


async def serve(settings: Settings, role: Role = Role.UP) -> None:
    """Run `up` or `web` until SIGINT or SIGTERM; what is under way then is finished first."""
    claim_port(settings)
    await asyncio.to_thread(migrate, settings)
    house = build(settings, role=role)
    await house.start()
    shop_id = await found(house)
    server = Server(
        make_app(house), address=settings.host, port=settings.port, interface=Interfaces.ASGI, websockets=False,
        log_enabled=False,
    )  # fmt: skip
    side_door = await door.listen(house) if role == Role.UP else None
    serving = asyncio.create_task(server.serve())
    helpers = [asyncio.create_task(heads.keep(house)), asyncio.create_task(nightly.keep(house))]
    if settings.demo:
        helpers.append(asyncio.create_task(demo.trade(house, shop_id)))
    await greet(house)
    await until_told(house, serving)
    for helper in helpers:
        helper.cancel()
    if side_door is not None:
        side_door.close()
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.gather(serving, *helpers, return_exceptions=True)
    await house.stop()


def claim_port(settings: Settings) -> None:
    """Make sure that the port is ours: the server shares ports, and half of the requests would go to a stranger.

    Raises:
        Misconfigured: `port_taken`.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Misconfigured(
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}); try another --port.",
                code="port_taken",
            ) from None


async def found(house: House) -> str:
    """The first shop and its owner, made at the first start."""

    def make(tx: Tx) -> str:
        lock_for_founding(tx)
        known = shops.only_shop(tx)
        if known is not None:
            return known
        now = house.clock.now()
        name = "星河数码" if house.settings.demo else "我的店铺"
        shop_id = shops.create_shop(
            tx, house.keyring, name=name, channels=list(CHANNELS), now=now, demo=house.settings.demo
        )
        staff.add_staff(tx, shop_id, email=OWNER, name="Owner", role="owner", by="system", now=now)
        return shop_id

    return await house.store.write(make)


async def greet(house: House) -> None:
    """Print the address, and a way in while the owner has no password yet."""
    print(f"OrderBell is up: {house.settings.base_url}/panel", flush=True)
    if await house.store.read(_owner_has_password):
        return
    link = (await deeds.do(house, "sign-in-link", {"first": True}))["link"]
    print(f"Sign in once, within 24 hours, with: {link}", flush=True)


def _owner_has_password(tx: Tx) -> bool:
    row = tx.execute(Staff.__table__.select().where(Staff.role == "owner").order_by(Staff.id).limit(1)).one()
    return row.password_hash is not None
