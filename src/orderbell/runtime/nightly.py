"""The nightly backup of the embedded house: made once a day after its hour, also when the machine slept through it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from orderbell.base import log
from orderbell.base.errors import OrderBellError
from orderbell.runtime.house import House
from orderbell.runtime.vitals import BACKED_UP
from orderbell.store import backup, meta

LOOK_EVERY_S = 60.0
TRY_AGAIN = timedelta(minutes=30)


def is_due(last: datetime | None, hour: int, now: datetime) -> bool:
    """Whether none was made since the last time the clock showed that hour (UTC)."""
    today = now.replace(hour=hour % 24, minute=0, second=0, microsecond=0)
    due = today if now >= today else today - timedelta(days=1)
    return last is None or last < due


def last_made(target: Path) -> datetime | None:
    """When the newest backup in a folder was made; None when there is none, or its manifest cannot be read."""
    for folder in reversed(backup.every(target)):
        try:
            return backup.read_manifest(folder).made_at
        except OrderBellError as error:
            log.get("backup").warning("a backup cannot be read", folder=folder.name, why=error.sentence)
    return None


def make_one(house: House, target: Path, now: datetime) -> Path:
    """Make a backup and take the oldest away."""
    folder = backup.make(house.settings, house.keyring, target, now=now)
    backup.thin_out(target, house.settings.backup_keep)
    return folder


async def note(house: House, args: Mapping[str, Any]) -> dict[str, Any]:
    """Have the database remember its last backup: `at` (ISO) and `folder`."""
    at = datetime.fromisoformat(args["at"]).isoformat(" ", "minutes")
    await house.store.write(lambda tx: meta.put(tx, BACKED_UP, f"{at} · {args['folder']}"))
    return {}


async def keep(house: House) -> None:
    """Make a backup every night until cancelled; a night that fails is tried again, and is in the log."""
    target, again_at = Path(house.settings.backup_dir), house.clock.now()
    if not house.settings.backup_dir:
        return
    while True:
        now = house.clock.now()
        if now >= again_at and is_due(await asyncio.to_thread(last_made, target), house.settings.backup_hour, now):
            again_at = now + TRY_AGAIN
            try:
                folder = await asyncio.to_thread(make_one, house, target, now)
                await note(house, {"folder": str(folder), "at": now.isoformat()})
                log.get("backup").info("the nightly backup is made", folder=folder.name)
            except (OrderBellError, OSError, SQLAlchemyError) as error:
                log.get("backup").error("the nightly backup failed", why=str(error))
        await asyncio.sleep(LOOK_EVERY_S)
