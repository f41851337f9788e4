"""Judges a restore from outside: who had which card before, who has it now, and what reached the sinks since.

Run: python -m tests.chaos.checks.restored remember FOLDER DATABASE   writes down what was sold and sent so far;
     python -m tests.chaos.checks.restored judge FOLDER DATABASE      prints a JSON object of promise: what is wrong.
It reads the ledger, the allocation journal and the database, nothing else.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash.checker import ask

GIVEN = (
    "SELECT o.number, s.line_n, s.piece, s.gen, s.card_id FROM slot s JOIN orders o ON o.id = s.order_id "
    "WHERE s.card_id IS NOT NULL"
)


def given(database: str) -> dict[str, str]:
    """Which piece has which card."""
    return {f"{number}/{line}/{piece}/{gen}": card for number, line, piece, gen, card in ask(database, GIVEN)}


def told(ledger: Path) -> Counter[str]:
    """How often each thing was told to whom: a mail by its subject and reader, a hook by its type and order."""
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    return Counter(
        f"{line['subject']} to {line['to']}" if line["kind"] == "mail" else f"{line['type']} of {line['number']}"
        for line in lines
    )


def written(folder: Path) -> dict[str, str]:
    """Which card the journal says went to which piece; the head of each file is passed over."""
    found = {}
    for path in sorted(folder.glob("allocations*.log")):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            _, _, card, _, number, line_n, piece, gen, *_ = json.loads(line.partition("\t")[0])
            found[f"{number}/{line_n}/{piece}/{gen}"] = card
    return found


def remember(folder: Path, database: str) -> None:
    """Write down how things stand."""
    seen = {"given": given(database), "told": told(folder / "ledger")}
    (folder / "before.json").write_text(json.dumps(seen), encoding="utf-8")


def judge(folder: Path, database: str) -> dict[str, str]:
    """What is wrong, by promise; empty where it holds."""
    before: dict[str, Any] = json.loads((folder / "before.json").read_text(encoding="utf-8"))
    now, sent = given(database), told(folder / "ledger")
    first = {card: piece for piece, card in before["given"].items()}
    sold_again = [card for piece, card in now.items() if first.get(card, piece) != piece]
    sold_again += [card for card, times in Counter(now.values()).items() if times > 1]
    other = [piece for piece, card in before["given"].items() if now.get(piece) != card]
    again = [what for what, times in before["told"].items() if sent[what] > times]
    kept = written(folder)
    unwritten = [piece for piece, card in now.items() if kept.get(piece) != card]
    fresh = [number for (number,) in ask(database, "SELECT number FROM orders WHERE number >= 'N9' AND owed = 0")]
    served = {piece.partition("/")[0] for piece in now}
    silent = [number for number in fresh if number.startswith("N900") and number not in served]
    return {
        "no card is sold again": _say(sold_again),
        "every order has its very card": _say(other),
        "nothing is told again": _say(again),
        "every card given away is in the journal": _say(unwritten),
        "the house goes on": _say(silent) or ("" if fresh else "no order after the restore"),
    }


def _say(wrong: Any) -> str:
    found = sorted(map(str, wrong))
    return f"{len(found)}: {', '.join(found[:5])}" if found else ""


if __name__ == "__main__":
    deed, folder_, database_ = sys.argv[1:]
    if deed == "remember":
        remember(Path(folder_), database_)
    else:
        print(json.dumps(judge(Path(folder_), database_)))
