"""`orderbell worker` and `orderbell relay`: the parts of the house that have no web door."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from orderbell.base.errors import Misconfigured
from orderbell.base.settings import Settings
from orderbell.runtime.house import House, Role, build
from orderbell.runtime.vitals import Vitals
from orderbell.store.migrate import migrate

STATUS_HOST = "127.0.0.1"


async def labour(settings: Settings, role: Role) -> None:
    """Run one part until SIGINT or SIGTERM; what is under way then is finished first.

    Raises:
        Misconfigured: the part cannot run with this database or engine.
    """
    if role == Role.RELAY and not settings.engine_url:
        raise Misconfigured(
            "`orderbell relay` carries work to an engine, and none is named: set ORDERBELL_ENGINE_URL. Without an "
            "engine the workers ask the database themselves.",
            code="relay_needs_engine",
        )
    house = build(settings, role=role)
    try:
        await asyncio.to_thread(migrate, settings)
        await house.start()
        status = await _tell_status(house)
        print(f"OrderBell's {role} is up.", flush=True)
        await until_told(house)
        await status.cleanup()
    finally:
        await house.stop()


async def until_told(house: House, *others: asyncio.Task[None]) -> None:
    """Wait for SIGINT or SIGTERM, or until a part of the house, or one of the others, ended by itself."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    ends: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait()), asyncio.create_task(house.broken())]
    await asyncio.wait([*ends, *others], return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()


async def _tell_status(house: House) -> web.AppRunner:
    """Answer /healthz, /readyz and /metrics to this machine, where a port is set."""
    vitals = Vitals(house)

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        failed = [f"{each.name}: {each.said}" for each in await vitals.checks() if not each.ok]
        told = f"not ready: {'; '.join(failed)}\n" if failed else "ready\n"
        return web.Response(text=told, status=503 if failed else 200)

    async def metrics(_: web.Request) -> web.Response:
        vitals.publish(None, await vitals.checks())
        return web.Response(body=generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    if house.settings.status_port:
        await web.TCPSite(runner, STATUS_HOST, house.settings.status_port).start()
    return runner
