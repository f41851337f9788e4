"""How much of the machine others took meanwhile: figures of a busy machine are too low, and the reader must know."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from bench.processes import TICK_S

QUIET_PERCENT = 5.0


@dataclass(frozen=True)
class Watch:
    """The machine's and our own processor seconds at one moment."""

    at: float
    busy_s: float
    ours_s: float

    @classmethod
    def start(cls) -> Watch:
        return cls(time.monotonic(), _busy_s(), _ours_s())

    def others_percent(self) -> float:
        """The share of all processors that went to other programs since the start, the hypervisor's included.

        Our own children count once they have ended and were waited for; ask when all of them are.
        """
        others_s = (_busy_s() - self.busy_s) - (_ours_s() - self.ours_s)
        return max(0.0, others_s / ((time.monotonic() - self.at) * (os.cpu_count() or 1)) * 100)


def _busy_s() -> float:
    # user nice system idle iowait irq softirq steal
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) * TICK_S


def _ours_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
