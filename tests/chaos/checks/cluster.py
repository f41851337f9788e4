"""Judges how late work was taken up in each phase of the cluster drill; reads the database alone.

Run: python -m tests.chaos.checks.cluster DATABASE FROM TO (microseconds since 1970). Prints JSON: how many events came
in then, and the longest time in seconds until one was decided, a mail was sent, a hook was sent.
"""

from __future__ import annotations

import json
import sys

import psycopg

_EVENTS = (
    "SELECT count(*), max(done_at - received_at) FROM event WHERE type = 'order.paid' AND received_at BETWEEN %s AND %s"
)
_SENT = "SELECT max(sent_at - created_at) FROM message WHERE channel = %s AND created_at BETWEEN %s AND %s"


def main(database: str, start: str, end: str) -> None:
    """Read and print."""
    span = (int(start), int(end))
    with psycopg.connect(database) as connection:
        events, decided = connection.execute(_EVENTS, span).fetchone() or (0, None)
        sent = {kind: connection.execute(_SENT, (kind, *span)).fetchone() for kind in ("email", "webhook")}
    late = {"decided": decided} | {kind: found[0] if found else None for kind, found in sent.items()}
    print(json.dumps({"events": events} | {name: (micros or 0) / 1e6 for name, micros in late.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
