"""A worker that does nothing but claim for one account with a limit; each message it may send is a line of a ledger.

Run: python -m tests.chaos.spender DATABASE LEDGER FOR_S. The limit is that of DingTalk's robot, by the machine's clock.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import Connection

from orderbell.delivery.limits import Limits
from orderbell.store.postgres import make_engine

ROW = SimpleNamespace(provider_id="prv_1", shop_id="shp_1", channel="dingtalk")


def claim(tx: Connection) -> int:
    """How many of five may go now."""
    limits = Limits(tx, [ROW] * 5, datetime.now(UTC))  # type: ignore[list-item]
    granted = sum(limits.take(ROW.provider_id) is None for _ in range(5))
    limits.keep(tx)
    return granted


def main(database: str, ledger: str, for_s: str) -> None:
    """Claim until time is up."""
    engine = make_engine(database, connections=1)
    end = time.time() + float(for_s)
    with Path(ledger).open("a") as book:
        while time.time() < end:
            with engine.begin() as tx:
                granted = claim(tx)
            book.write(f"{time.time()}\n" * granted)
            book.flush()
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
