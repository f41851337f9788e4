"""Judges a run from outside: the client's acknowledgements, the sinks' ledger and the database, nothing else.

Run: python -m tests.crash.checker ACKS LEDGER DATABASE STOCK. Prints a line per promise and, when one
is broken, exits with 1. DATABASE is a SQLite file or a PostgreSQL URL.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from pysqlite3 import dbapi2


def ask(database: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a question."""
    if database.startswith("postgresql"):
        with psycopg.connect(database) as connection:
            return list(connection.execute(sql))
    connection = dbapi2.connect(database)
    try:
        return list(connection.execute(sql))
    finally:
        connection.close()


def judge(acks: set[str], ledger: list[dict[str, Any]], database: str, stock: int) -> dict[str, str]:
    """Each promise and what is wrong with it; an empty string means it holds."""
    orders = {
        number: (status, owed) for number, status, owed in ask(database, "SELECT number, status, owed FROM orders")
    }
    delivered = {number for number, (status, _) in orders.items() if status == "delivered"}
    owed = {number for number, (_, flag) in orders.items() if flag}
    mails = Counter(line["id"] for line in ledger if line["kind"] == "mail" and "N" in line["subject"])
    told = ask(
        database,
        "SELECT o.number, m.channel, m.event_type, m.status FROM message m JOIN orders o ON o.id = m.order_id",
    )
    mailed = {
        n for n, channel, type_, status in told if (channel, type_, status) == ("email", "order.delivered", "sent")
    }
    hooked = {line["number"] for line in ledger if line["kind"] == "hook" and line["type"] == "order.paid"}
    twice = ask(database, "SELECT card_id FROM slot WHERE card_id IS NOT NULL GROUP BY card_id HAVING count(*) > 1")
    eaten = ask(database, "SELECT order_id FROM slot GROUP BY order_id, line_n, piece HAVING count(*) > 1")
    states = dict(ask(database, "SELECT state, count(*) FROM card GROUP BY state"))
    free = ask(database, "SELECT free, sold FROM product")[0]
    open_work = ask(database, "SELECT count(*) FROM event WHERE state <> 2")[0][0]
    open_work += ask(database, "SELECT count(*) FROM message WHERE state <> 2")[0][0]
    in_doubt = dict(ask(database, "SELECT message_id, count(*) FROM attempt WHERE outcome = 'in_doubt' GROUP BY 1"))
    extra = [id_ for id_, n in mails.items() if n - 1 > in_doubt.get(id_.strip("<>").split("@")[0], 0)]
    return {
        "A1 nothing acknowledged is lost": _say(acks - set(orders)),
        "A5 no card is sold twice": _say(twice),
        "A6 no piece eats two cards": _say(eaten),
        "A7 cards are conserved": _say([] if sum(states.values()) == stock else [states]),
        "A7 the counts agree": _say([] if free == (states.get("free", 0), states.get("sold", 0)) else [free, states]),
        "A8 paid means delivered or owed": _say(acks - delivered - owed),
        "A8 owed only when the stock is gone": _say(owed if states.get("free", 0) else []),
        "A8 everything delivered is mailed": _say(delivered - mailed),
        "A9 every paid order is hooked": _say(acks - hooked),
        "A9 a mail comes again only where a crash left it in doubt": _say(extra),
        "nothing is left undone": _say([open_work] if open_work else []),
    }


def _say(wrong: Any) -> str:
    found = sorted(map(str, wrong))
    return f"{len(found)}: {', '.join(found[:5])}" if found else ""


def main(acks: str, ledger: str, database: str, stock: str) -> int:
    """Read, judge, print."""
    numbers = {f"N{line}" for line in Path(acks).read_text().split()}
    lines = [json.loads(line) for line in Path(ledger).read_text(encoding="utf-8").splitlines()]
    verdicts = judge(numbers, lines, database, int(stock))
    for promise, wrong in verdicts.items():
        print(f"{'BROKEN' if wrong else 'holds '} {promise}{' · ' + wrong if wrong else ''}")
    broken = sum(bool(wrong) for wrong in verdicts.values())
    print(f"acknowledged {len(numbers)}, {len(verdicts) - broken} passed, {broken} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
