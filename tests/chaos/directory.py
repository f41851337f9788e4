"""Which drills there are, in the order they run, and which drill must catch which mutant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A drill: its module below tests.chaos.drills, what it tries, and how long it may take in full, in minutes."""

    module: str
    promises: str
    minutes: float
    beside: bool = False
    """It mostly waits, and its verdict does not hang on how fast the machine is: others may run beside it."""


@dataclass(frozen=True)
class Catch:
    """A mutant's hunter: the drill, and the promise whose line must turn red."""

    drill: str
    promise: str
    scale: float = 0.05
    databases: tuple[str, ...] = ("sqlite",)


DRILLS: Mapping[str, Entry] = {
    "crashes": Entry("crashes", "A1 A5 A6 A7 A8 A9 D6", minutes=13),
    "canary": Entry("canary", "H1", minutes=8, beside=True),
    "kills": Entry("kills", "A1 A5 A6 A7 A8 A9", minutes=7),
    "doubles": Entry("doubles", "A9", minutes=3),
    "fence": Entry("fence", "A9", minutes=0.3),
    "trust": Entry("trust", "H2 H5", minutes=2),
    "keys": Entry("keys", "D6", minutes=0.5),
    "copies": Entry("copies", "A4", minutes=4),
    "stock": Entry("stock", "A5 A6 A7", minutes=6),
    "fates": Entry("fates", "A7", minutes=5),
    "order": Entry("order", "A10", minutes=3),
    "owed": Entry("owed", "A8", minutes=2, beside=True),
    "cluster": Entry("cluster", "C6 C7", minutes=6, beside=True),
    "engine": Entry("engine", "C1 C6", minutes=2.5, beside=True),
    "synced": Entry("synced", "A3", minutes=3, beside=True),
    "power": Entry("power", "A2", minutes=1.5, beside=True),
    "migration": Entry("migration", "A13", minutes=5),
    "timers": Entry("timers", "B1 B2 B4", minutes=8, beside=True),
    "clock": Entry("clock", "B3", minutes=4, beside=True),
    "blackout": Entry("blackout", "C1 C7", minutes=4, beside=True),
    "poison": Entry("poison", "C3", minutes=4),
    "postgres": Entry("postgres", "C4", minutes=3, beside=True),
    "disk": Entry("disk", "C5 C8", minutes=2.5),
    "noisy": Entry("noisy", "C9 C10", minutes=3),
    "restore": Entry("restore", "A11 A12", minutes=6, beside=True),
}

MUTANTS: Mapping[str, Catch] = {
    "ack_before_commit": Catch("crashes", "A1"),
    "natural_key": Catch("copies", "A4"),
    "lease_gen": Catch("fence", "A9"),
    "card_not_checked": Catch("stock", "A5", databases=("postgresql",)),
    "fill_once": Catch("stock", "A6", databases=("postgresql",)),
    "stock_counted": Catch("stock", "A7", scale=0.02),
    "owed_task": Catch("owed", "A8"),
    "silent_sweep": Catch("owed", "A8"),
    "still_true": Catch("order", "A10"),
    "in_order": Catch("order", "A10"),
    "result_noted": Catch("doubles", "A9"),
    "idempotency": Catch("keys", "D6"),
    "engine_sync": Catch("engine", "C6", databases=("postgresql",)),
    "rate_limit": Catch("engine", "C1", databases=("postgresql",)),
    "allocation_journal": Catch("restore", "A11", scale=0.02),
    "bound_secrets": Catch("trust", "H2"),
    "audit_chain": Catch("trust", "H5"),
    "sealed": Catch("canary", "H1"),
    "sync_normal": Catch("power", "A2"),
    "rank_guard": Catch("timers", "B2", scale=0.02),
    "timers_wait": Catch("timers", "B1", scale=0.02),
    "clock_guard": Catch("clock", "B3"),
    "mass_cancel_guard": Catch("clock", "B3"),
    "poison_counts": Catch("poison", "C3", scale=0.2),
    "stop_on_io_error": Catch("disk", "C8"),
}
