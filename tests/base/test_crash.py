"""The register of crash points: every name stands somewhere in the code, and every place has a name."""

from __future__ import annotations

import re
from pathlib import Path

from orderbell.base import crash, mutant

SRC = Path(crash.__file__).parents[1]


def found(pattern: str) -> set[str]:
    return {name for path in SRC.rglob("*.py") for name in re.findall(pattern, path.read_text("utf-8"))}


def test_every_crash_point_has_a_place_and_every_place_a_name() -> None:
    assert found(r'crashpoint\("([\w.]+)"\)') == set(crash.NAMES)


def test_there_are_at_least_twenty_five_durable_steps() -> None:
    assert len(set(crash.NAMES)) >= 25


def test_a_point_that_is_not_armed_is_passed() -> None:
    crash.arm("sql.before_commit:2")
    crash.crashpoint("sql.after_commit")
    crash.crashpoint("sql.before_commit")
    crash.arm("")
    crash.crashpoint("sql.before_commit")


def test_every_guard_that_can_be_taken_out_is_registered() -> None:
    assert found(r'mutant\.without\("(\w+)"\)') <= set(mutant.NAMES)


def test_no_guard_is_taken_out_in_a_real_process() -> None:
    assert not any(mutant.without(name) for name in mutant.NAMES)
