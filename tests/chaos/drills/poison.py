"""C3: orders that kill whoever handles them are put aside after five deaths, and everybody else is served."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import httpx

from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

ORDERS = 200
POISON = ("segv-decide", "segv-render", "raise-decide", "raise-render", "memory-render")
DEATHS_MOST = 5
KILLERS = 2
CALM_S = 6.0


async def run(run: Run) -> list[Verdict]:
    """Good orders with poison among them; whoever watches the process starts it again each time it dies."""
    databases = run.databases[:1] if run.mutant else run.databases
    return [await _story(run, database) for database in databases]


async def _story(run: Run, database: str) -> Verdict:
    orders, killers = run.of(ORDERS, least=40), 1 if run.mutant else KILLERS
    stage = Stage(run.settings(database, lease_s=4), stock=orders + 50, program="tests.chaos.poisoned")
    await stage.set_up()
    stage.start()
    stage.wait_up()
    await asyncio.to_thread(_post_poison, stage, POISON[:1] if run.mutant else POISON)
    till = shopper(stage, stage.folder / "log", orders, connections=4)
    deaths = await _watch(stage, most=DEATHS_MOST * killers + 2, within_s=150)
    left = await ended(till, 60)
    found = await _served(stage, orders)
    same = stage.running
    stage.tear_down()
    return _judge(database, found, deaths, served=bool(same and not left), killers=killers)


def _post_poison(stage: Stage, kinds: Sequence[str]) -> None:
    """All poison in one request, so that none is told before another has killed."""
    events = [{"id": kind, "type": "order.paid", "order": _order(kind)} for kind in kinds]
    headers = {"Authorization": f"Bearer {stage.token}"}
    # It may die of it before it answers; what it took is on the disk.
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"{stage.url}/v1/events", json={"events": events}, headers=headers)


def _order(kind: str) -> dict[str, Any]:
    line = {"sku": "steam-100", "title": "Steam", "quantity": 1, "price": "99.00"}
    buyer = {"ref": kind, "email": f"{kind}@example.com", "locale": "en"}
    return {"number": f"X{kind}", "amount": "99.00", "currency": "CNY", "buyer": buyer, "lines": [line]}


async def _watch(stage: Stage, *, most: int, within_s: float) -> int:
    """Start the server again whenever it died, until it lives for a while; how often it died."""
    deaths, end = 0, time.monotonic() + within_s
    calm_since = time.monotonic()
    while deaths < most and time.monotonic() < end and time.monotonic() - calm_since < CALM_S + stage.settings.lease_s:
        if not stage.running:
            deaths += 1
            stage.start()
            await asyncio.to_thread(_up, stage)
            calm_since = time.monotonic()
        await asyncio.sleep(0.2)
    return deaths


def _up(stage: Stage) -> None:
    """Wait until it answers or dies again."""
    end = time.monotonic() + 30
    while stage.running and time.monotonic() < end:
        try:
            httpx.get(f"{stage.url}/healthz", timeout=1)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return


async def _served(stage: Stage, orders: int) -> dict[str, Any]:
    """What the checker says once the good ones are served, or a while later."""
    end = time.monotonic() + 30
    while True:
        found: dict[str, Any] = await asyncio.to_thread(check, "poison", stage.database, stage.folder / "ledger")
        if found["mailed"] >= orders or time.monotonic() > end:
            return found
        await asyncio.sleep(1)


def _judge(database: str, found: dict[str, Any], deaths: int, *, served: bool, killers: int) -> Verdict:
    aside = "segv-decide" in found["stuck_events"]
    aside = aside and (killers == 1 or "segv-render@example.com" in found["stuck_messages"])
    ok = served and aside and found["good"] == found["delivered"] == found["mailed"]
    ok = ok and deaths <= DEATHS_MOST * killers
    words = (
        f"{database}: {killers} killers put aside after {deaths} deaths in all, {found['mailed']} of {found['good']} "
        f"others delivered and mailed, {len(found['waiting_events'])} that only fail wait for their next try"
    )
    return Verdict("C3", ok, words, found | {"deaths": deaths})
