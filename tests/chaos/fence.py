"""A worker that slept past its lease wakes up and writes: plays that scene on a database, twice over, and ends.

Run: python -m tests.chaos.fence URL_OR_FILE_SETTINGS_JSON. What came of it is in the database, for the checker.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from orderbell.base.clock import SystemClock
from orderbell.base.settings import Settings
from orderbell.runtime.house import build
from orderbell.store import leases
from orderbell.store.database import Tx
from orderbell.store.schema import EventRow, State
from tests.cast import Shopkeeper

FACTS = 100


async def play(settings: Settings) -> None:
    """Facts come; one worker claims them and sleeps; another claims them; the first one gives them back."""
    house = build(settings)
    keeper = await Shopkeeper.open(house)
    now = SystemClock().now()
    for n in range(FACTS):
        await keeper.says("order.paid", f"N-{n}")

    def scene(tx: Tx) -> int:
        slept = leases.claim(tx, EventRow, most=FACTS, now=now + timedelta(seconds=5), lease_s=1)
        leases.claim(tx, EventRow, most=FACTS, now=now + timedelta(hours=1), lease_s=3600)
        late = [{"b_id": row.id, "b_gen": row.lease_gen + 1, "state": int(State.READY)} for row in slept]
        return leases.settle(tx, EventRow, late, ("state",))

    await house.store.write(scene)
    await house.store.close()


if __name__ == "__main__":
    said = json.loads(sys.argv[1])
    asyncio.run(play(Settings(data_dir=Path(said["data_dir"]), database_url=said["database_url"])))
