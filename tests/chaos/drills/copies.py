"""A4: every event one to five times, shuffled, over sixteen connections: the same shop as if each was told once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, sum_up
from tests.chaos.shop import KINDS, LIVES, Shop, tell
from tests.chaos.stage import ChaosStage

EVENTS = 10_000
MOST_COPIES = 5
CONNECTIONS = 16
Life = list[dict[str, Any]]


async def run(run: Run) -> list[Verdict]:
    """The messy shop and the tidy one, on each database."""
    orders = run.of(EVENTS, least=150) * len(KINDS) // sum(len(LIVES[kind]) for kind in KINDS)
    findings: list[Finding] = []
    told = 0
    for database in run.databases:
        tidy = [[tell(type_, n) for type_ in LIVES[KINDS[n % len(KINDS)]]] for n in range(orders)]
        messy = _with_copies(run, tidy)
        told = sum(map(len, messy))
        findings += await _compare(run, database, tidy, messy)
    events = sum(map(len, tidy))
    words = f"{events} events, {told} times told, {CONNECTIONS} connections, on {' and '.join(run.databases)}"
    return sum_up(findings, words, events=events, told=told)


def _with_copies(run: Run, tidy: list[Life]) -> list[Life]:
    """One to five of each, in any order; only what came after goods may not be told before them."""
    dice = run.dice("copies")
    lives: list[Life] = []
    for life in tidy:
        extra = [event for event in life for _ in range(dice.randrange(MOST_COPIES))]
        dice.shuffle(extra)
        if life[-1]["type"] == "order.refunded":
            lives.append(life + extra)
            continue
        lives += [list(life), *([event] for event in extra)]
    dice.shuffle(lives)
    return lives


async def _compare(run: Run, database: str, tidy: list[Life], messy: list[Life]) -> list[Finding]:
    cards = len(tidy) + 10
    first, findings = await _live(run, database, messy, cards, connections=CONNECTIONS)
    second, _ = await _live(run, database, [list(life) for life in tidy], cards, connections=1)
    odd = sorted(set(first.splitlines()) ^ set(second.splitlines())) or (["line counts"] if first != second else [])
    wrong = f"{len(odd)} lines differ, as {odd[:2]}" if odd else ""
    return [*findings, Finding("A4", "byte-equal to the shop that was told once", wrong)]


async def _live(
    run: Run, database: str, lives: list[Life], cards: int, *, connections: int
) -> tuple[str, list[Finding]]:
    """Tell these lives to a fresh shop; its portrait at the end."""
    stage = ChaosStage(run.settings(database), cards, gift_stock=cards)
    await stage.set_up()
    shop = Shop(stage.url, stage.token, stage.acks, run.dice(f"{connections}"), connections=connections)
    if connections == 1:
        shop.most = 100
    shop.plan(lives)
    try:
        await asyncio.to_thread(stage.start)
        await shop.talk()
        findings = await asyncio.to_thread(stage.settle, 20 if run.mutant else 240)
        drawn = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "tests.chaos.portrait", stage.database],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return drawn.stdout, findings
    finally:
        stage.tear_down()
