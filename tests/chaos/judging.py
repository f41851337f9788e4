"""Asks the checker, which is a program of its own, and counts from outside what is still to be done."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.verdict import Verdict
from tests.crash.checker import ask

SOON_S = 10


@dataclass(frozen=True)
class Finding:
    """One thing the checker looked at: whose promise, in words, and what is wrong with it (empty: nothing)."""

    promise: str
    words: str
    wrong: str


def count_open(database: str) -> int:
    """Facts, messages and due timers (or those due soon) that nobody has ended yet."""
    sql = f"""SELECT (SELECT count(*) FROM event WHERE state < 2) + (SELECT count(*) FROM message WHERE state < 2)
              + (SELECT count(*) FROM timer WHERE state < 2 AND due_at < {int((time.time() + SOON_S) * 1e6)})"""
    return int(ask(database, sql)[0][0])


def judge(folder: Path, database: str, *programs: str) -> list[Finding]:
    """What the checker says of the shop's acknowledgements, the providers' ledger and the database."""
    done = subprocess.run(
        [sys.executable, "-m", programs[0] if programs else "tests.chaos.checker", str(folder), database],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 1) or not done.stdout:
        raise AssertionError(done.stdout + done.stderr)
    return [Finding(**each) for each in json.loads(done.stdout)]


def say(findings: Iterable[Finding]) -> int:
    """Print findings as the checker's answer; its exit code."""
    found = list(findings)
    print(json.dumps([vars(each) for each in found]))
    return 1 if any(each.wrong for each in found) else 0


def wrong(things: Iterable[Any]) -> str:
    """How many are wrong and the first few; empty when none."""
    found = sorted(map(str, things))
    return f"{len(found)}: {', '.join(found[:5])}" if found else ""


def sum_up(findings: Sequence[Finding], words: str, **figures: Any) -> list[Verdict]:
    """One verdict a promise: it holds when nothing is wrong with any of its findings; `words` say what was tried."""
    verdicts = []
    for promise in dict.fromkeys(each.promise for each in findings):
        mine = [each for each in findings if each.promise == promise]
        bad = list(dict.fromkeys(f"{each.words}: {each.wrong}" for each in mine if each.wrong))
        said = "; ".join(bad[:3]) if bad else ", ".join(dict.fromkeys(each.words for each in mine))
        verdicts.append(Verdict(promise, not bad, f"{said} · {words}", figures))
    return verdicts
