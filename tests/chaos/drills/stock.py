"""A5, A6, A7: two hundred thousand cards, every order told twice, five of a hundred too few, and processes that die."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import update

from orderbell.runtime.house import build
from orderbell.store.schema import Rule
from tests.cast import Shopkeeper
from tests.chaos.allocators import PIECES_EACH, STEP
from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, judge, sum_up
from tests.chaos.shop import Shop, tell
from tests.chaos.stage import ChaosStage

ALLOCATIONS = 100_000
"""On each database."""
KILLS = 40
STOCK_SHARE = 0.95
# Eight processes want one product's row: their transactions queue, and a lease must outlive the queue.
LEASE_S = 30
# The schema's own guards; a mutant of the code is only seen where they are gone too.
UNGUARDED = ("card_not_checked", "fill_once")


class QuietStage(ChaosStage):
    """A shop that tells nobody: only its cards matter."""

    async def prepare(self, keeper: Shopkeeper) -> None:
        await keeper.house.store.write(lambda tx: tx.execute(update(Rule).values(enabled=0)))


async def run(run: Run) -> list[Verdict]:
    """One process on SQLite, eight on PostgreSQL."""
    orders = run.of(ALLOCATIONS, least=2000) // PIECES_EACH
    kills = run.of(KILLS, least=2)
    findings: list[Finding] = []
    words = []
    for database in run.databases:
        deed = _on_postgres if database == "postgresql" else _on_sqlite
        found, said = await deed(run, orders, kills)
        findings += found
        words.append(f"{database}: {said}")
    # This shop tells nobody, so that nothing of it is mailed.
    findings = [each for each in findings if "mailed" not in each.words]
    return sum_up(findings, "; ".join(words), allocations=orders * PIECES_EACH * len(run.databases))


class Sampler:
    """The sampling program beside a drill."""

    def __init__(self, database: str, folder: Path) -> None:
        self._file = folder / "samples"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.sampler", database, str(self._file)], stdin=subprocess.PIPE
        )

    def end(self) -> tuple[Finding, int]:
        """What it saw, and how often it looked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        looks = self._file.read_text("utf-8").splitlines() if self._file.exists() else []
        bad = [each for each in looks if each != "ok" and not each.startswith("away")]
        return Finding("A7", "conserved at every look", f"{len(bad)} times, as {bad[0]}" if bad else ""), len(looks)


async def _on_sqlite(run: Run, orders: int, kills: int) -> tuple[list[Finding], str]:
    stage = QuietStage(run.settings("sqlite", lease_s=9), int(orders * PIECES_EACH * STOCK_SHARE), gift_stock=1)
    await stage.set_up()
    shop = Shop(stage.url, stage.token, stage.acks, run.dice("stock"), most=100)
    lives = [
        [tell("order.paid", n * STEP, quantity=PIECES_EACH, copy=c)] for n in range(orders) for c in ("", ":again")
    ]
    run.dice("lives").shuffle(lives)
    shop.plan(lives)
    sampler = Sampler(stage.database, stage.folder)
    try:
        await _talk_through_kills(run, stage, shop, kills)
        findings = await asyncio.to_thread(stage.settle, 20 if run.mutant else 240)
        looked, looks = sampler.end()
    finally:
        stage.tear_down()
    return [*findings, looked], f"{orders * PIECES_EACH} wanted, told twice, {kills} kills, {looks} looks at the stock"


async def _talk_through_kills(run: Run, stage: ChaosStage, shop: Shop, kills: int) -> None:
    share = max(1, shop.left // (kills + 1))
    await asyncio.to_thread(stage.start)
    for n in range(1, kills + 1):
        talk = asyncio.create_task(shop.talk())
        while shop.acked < n * share and not talk.done():
            await asyncio.sleep(0.01)
        stage.kill()
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
        await asyncio.to_thread(stage.start)
    await shop.talk()


async def _on_postgres(run: Run, orders: int, kills: int) -> tuple[list[Finding], str]:
    settings = run.settings("postgresql", lease_s=LEASE_S)
    shop_id = await _seed(settings, int(orders * PIECES_EACH * STOCK_SHARE))
    if run.mutant in UNGUARDED:
        _take_keys_away(settings.database_url)
    sampler = Sampler(settings.database_url, settings.data_dir)
    arguments = [settings.database_url, settings.data_dir, shop_id, orders, kills, run.seed, LEASE_S]
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "tests.chaos.allocators", *map(str, arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    looked, looks = sampler.end()
    findings = await asyncio.to_thread(judge, settings.data_dir, settings.database_url)
    said = f"{orders * PIECES_EACH} wanted by 8 processes, told twice, {done.stdout.split()[-1]} kills, {looks} looks"
    return [*findings, looked], said


async def _seed(settings: Any, cards: int) -> str:
    house = build(settings)
    keeper = await Shopkeeper.open(house)
    await keeper.stock(*(f"KEY-{n}" for n in range(cards)))
    await house.store.write(lambda tx: tx.execute(update(Rule).values(enabled=0)))
    await house.channels.close()
    await house.store.close()
    return keeper.id


def _take_keys_away(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP TRIGGER card_stays_sold ON card")
        keys = connection.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'slot'::regclass AND contype = 'u'"
        ).fetchall()
        for (name,) in keys:
            connection.execute(sql.SQL("ALTER TABLE slot DROP CONSTRAINT {}").format(sql.Identifier(name)))
