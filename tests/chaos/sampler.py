"""Looks at the stock every second while others fight for it (A7); each look is one snapshot and one line.

Run: python -m tests.chaos.sampler DATABASE FILE; it looks until its standard input closes.
"""

from __future__ import annotations

import select
import sys
from pathlib import Path

import psycopg
from pysqlite3 import dbapi2

from tests.crash.checker import ask

EVERY_S = 1.0
# One statement is one snapshot in both databases. In quarantine are cards whose transaction died between the
# allocation journal and the commit.
LOOK = """SELECT p.sku, p.free, p.sold,
    (SELECT coalesce(sum(i.taken), 0) FROM card_import i WHERE i.product_id = p.id),
    sum(CASE WHEN c.state = 'free' THEN 1 ELSE 0 END), sum(CASE WHEN c.state = 'reserved' THEN 1 ELSE 0 END),
    sum(CASE WHEN c.state = 'sold' THEN 1 ELSE 0 END), sum(CASE WHEN c.state = 'void' THEN 1 ELSE 0 END),
    sum(CASE WHEN c.state = 'quarantine' THEN 1 ELSE 0 END)
    FROM product p JOIN card c ON c.product_id = p.id GROUP BY p.id, p.sku, p.free, p.sold"""


def look(database: str) -> str:
    """`ok`, or what does not add up."""
    wrong = []
    for sku, free, sold, taken, *states in ask(database, LOOK):
        if int(taken) != sum(states) or (free, sold) != (states[0], states[2]):
            wrong.append(f"{sku}: imported {taken}, counted {free} {sold}, have {states}")
    return "; ".join(wrong) or "ok"


def main(database: str, file: str) -> None:
    """Look, write, wait."""
    with Path(file).open("a", encoding="utf-8") as looks:
        while not select.select([sys.stdin], [], [], EVERY_S)[0]:
            try:
                print(look(database), file=looks, flush=True)
            except (psycopg.Error, dbapi2.Error) as away:
                print(f"away {away}", file=looks, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
