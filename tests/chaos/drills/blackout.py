"""C1, C7: one provider's wire fails in every way a wire can; nothing is lost, and the other notices nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.drill import Run, Verdict
from tests.chaos.proxy import Proxy
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

# A black-out of ten minutes and the bad days of a network, six seconds each: the retries' first steps fall into it.
FAULTS: dict[str, dict[str, Any]] = {
    "refuses": {"refuse": True},
    "hangs": {"silent": True},
    "garbage": {"garbage": True},
    "resets": {"reset": 0.3},
    "loses": {"lose": 0.2},
    "slow bytes": {"slice_bytes": 40, "slice_s": 0.02},
    "slow": {"latency_s": 0.3, "jitter_s": 0.4},
}
EACH_S = 6.0
CALM_S = 15.0
RATE = 15.0
DRAINED_WITHIN_S = 240.0
SAME = 1.2
# The house's own target for the way from event to provider (architecture.md §4): below it nobody waits.
SOON_MS = 250.0


@dataclass
class Wired(Stage):
    """A stage whose mail goes over a wire we can spoil."""

    wire: Proxy = field(default_factory=lambda: Proxy(0))

    def _start_sinks(self) -> list[str]:
        smtp, http = super()._start_sinks()
        self.wire.target_port = int(smtp)
        return [str(self.wire.port), http]


async def run(run: Run) -> list[Verdict]:
    """A steady trickle of orders, fault after fault on the mail's wire, then the drain."""
    if "sqlite" not in run.databases:
        return []
    each_s, calm_s = max(1.5, EACH_S * run.scale), max(5.0, CALM_S * run.scale)
    wire = await Proxy(0, seed=run.seed).start()
    stage = Wired(run.settings("sqlite", lease_s=9), stock=4000, wire=wire)
    await stage.set_up()
    stage.start()
    stage.wait_up()
    seconds = 2 * calm_s + each_s * len(FAULTS)
    till = shopper(stage, stage.folder / "log", int(RATE * seconds), rate=RATE, until_s=seconds + 60)
    await asyncio.sleep(calm_s)
    began = time.time()
    for name, fault in FAULTS.items():
        run.say(f"the mail's wire {name}")
        wire.set(**fault)
        await asyncio.sleep(each_s)
    wire.set()
    good_again = time.time()
    left = await ended(till, seconds + 90)
    found = await _drained(stage, began, good_again)
    drained_s = time.time() - good_again
    stage.tear_down()
    await wire.close()
    return _judge(found, drained_s, left)


async def _drained(stage: Stage, *span: float) -> dict[str, Any]:
    """What the checker says once nothing waits, or when time is up."""
    end = time.monotonic() + DRAINED_WITHIN_S
    while True:
        found: dict[str, Any] = await asyncio.to_thread(check, "wire", stage.database, stage.folder / "ledger", *span)
        if (found["waiting"] == 0 and found["lost"] == 0) or time.monotonic() > end:
            return found
        await asyncio.sleep(2)


def _judge(found: dict[str, Any], drained_s: float, left: int) -> list[Verdict]:
    calm, meanwhile = found["others_p99_ms"], found["others_p99_ms_meanwhile"]
    others = meanwhile <= max(calm * SAME, SOON_MS)
    kept = found["lost"] == found["stuck"] == found["waiting"] == 0 and not left
    c1 = (
        f"{found['lost']} of {found['mails']} mails lost, drained {drained_s:.0f} s after the wire was good again; the "
        f"webhooks' p99 {meanwhile} ms meanwhile, {calm} ms before and after"
    )
    c7 = (
        f"{len(FAULTS)} kinds of faults, {sum(found['outcomes'].values())} tries {found['outcomes']}: "
        f"{found['repeated']} mails came again, {found['repeated_without_doubt']} of them without a doubt to excuse it"
    )
    return [
        Verdict("C1", kept and others, c1, found | {"drained_s": round(drained_s)}),
        Verdict("C7", kept and found["repeated_without_doubt"] == 0, c7, found["outcomes"]),
    ]
