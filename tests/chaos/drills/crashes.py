"""A1: the server dies at every durable step, twelve times each, while a shop tells and people do; nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from orderbell.base.crash import NAMES
from tests.chaos.deeds import People
from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, sum_up
from tests.chaos.shop import Shop
from tests.chaos.stage import LEASE_S, ChaosStage

GENERATIONS = 12
ORDERS = 52
PATIENCE_S = 12.0
REST_EVERY_S = 2.5 * LEASE_S
# Passed only when somebody does this; every other point is passed by orders, or by starting. An order's own messages
# are leased from birth: what is claimed is what a person asked for again.
NEEDS = {
    "cards.import_chunk": "import", "cards.after_import": "import", "api.after_deed": "resend",
    "api.after_note": "import", "goods.after_reveal": "reveal", "goods.after_reissue": "reissue",
    "outbox.after_resend": "resend", "send.after_claim": "resend",
}  # fmt: skip
AT_START = ("retention.after_forget", "sweep.after_find")


@dataclass
class Sweep:
    """One database's sweep."""

    stage: ChaosStage
    shop: Shop
    people: People
    dice: random.Random
    crashes: int = 0
    orders: int = 0
    missed: int = 0
    rested_at: float = field(default_factory=time.monotonic)

    @property
    def is_tired(self) -> bool:
        """Whether some row may have been under several dying workers already."""
        return time.monotonic() - self.rested_at > REST_EVERY_S

    async def generation(self, point: str) -> None:
        """Start a server that dies at the point, talk to it until it does."""
        nth = 1 if point in AT_START or point in NEEDS else self.dice.randint(1, 6)
        await asyncio.to_thread(self.stage.start, f"{point}:{nth}")
        self._more(ORDERS)
        talks = [asyncio.create_task(self._talk())]
        if point in NEEDS:
            talks.append(asyncio.create_task(self.people.keep_doing(NEEDS[point])))
        died = await asyncio.to_thread(self.stage.wait_dead, PATIENCE_S)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        if not died:
            self.missed += 1
            self.stage.kill()
        self.crashes += 1

    async def _talk(self) -> None:
        while True:
            await self.shop.talk()
            # Still alive: the point wants more passes.
            await asyncio.sleep(0.2)
            self._more(10)

    def _more(self, count: int) -> None:
        self.shop.plan_orders(self.orders, count)
        self.orders += count

    async def recover(self) -> list[Finding]:
        """A server that lives: everything is told and done, then the checker judges."""
        await asyncio.to_thread(self.stage.start)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.shop.talk(), 60)
            await asyncio.wait_for(self.people.finish(), 30)
        findings = await asyncio.to_thread(self.stage.settle)
        self.stage.server.kill()
        self.stage.server.wait()
        self.rested_at = time.monotonic()
        return findings


async def open_sweep(run: Run, database: str, stock: int) -> Sweep:
    """A stage with a shop, ready for its first server."""
    stage = ChaosStage(run.settings(database, lease_s=LEASE_S), stock, gift_stock=stock // 4)
    await stage.set_up()
    dice = run.dice(database)
    return Sweep(stage, Shop(stage.url, stage.token, stage.acks, dice), People(stage), dice)


async def sweep(run: Run, database: str, points: list[str]) -> tuple[Sweep, list[Finding]]:
    """Every point, twelve times, a recovery after each point."""
    generations = run.of(GENERATIONS, least=2)
    made = await open_sweep(run, database, int(0.7 * ORDERS * len(points) * generations))
    findings: list[Finding] = []
    try:
        for point in points:
            missed = made.missed
            for n in range(generations):
                await made.generation(point)
                # A fact over which five workers die is put aside as poison: now and then all get their turn.
                if made.is_tired or (n == generations - 1 and point == points[-1]):
                    findings += [_at(point, each) for each in await made.recover()]
            if made.missed - missed == generations:
                findings.append(Finding("A1", "every point is passed", f"never {point} on {database}"))
        run.say(f"{database}: {made.crashes} crashes, {made.shop.acked} events acknowledged")
    finally:
        made.stage.tear_down()
    return made, findings


def _at(point: str, finding: Finding) -> Finding:
    return Finding(finding.promise, finding.words, finding.wrong and f"after {point}: {finding.wrong}")


def points_of(run: Run) -> list[str]:
    """The points of this run: all, or for a mutant those that hurt most."""
    return ["sql.before_commit", "ingest.after_insert"] if run.mutant else list(NAMES)


async def run(run: Run) -> list[Verdict]:
    """Both databases side by side."""
    points = points_of(run)
    done = await asyncio.gather(*(sweep(run, database, points) for database in run.databases))
    sweeps = [each for each, _ in done]
    crashes, acked = sum(each.crashes for each in sweeps), sum(each.shop.acked for each in sweeps)
    missed = sum(each.missed for each in sweeps)
    words = f"{len(points)} points, {crashes} SIGKILLs ({missed} of them late), {acked} events acknowledged"
    return sum_up(list(_flat(findings for _, findings in done)), words, crashes=crashes, acknowledged=acked)


def _flat(groups: Iterator[list[Finding]]) -> Iterator[Finding]:
    for group in groups:
        yield from group
