"""Runs one drill in this process and leaves its verdicts as JSON; the runner starts it.

Run: python -m tests.chaos.alone DRILL FOLDER SEED SCALE DATABASES. The mutant is read from ORDERBELL_MUTANT.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from tests.chaos.directory import DRILLS
from tests.chaos.drill import Drill, Run

VERDICTS = "verdicts.json"


def main(drill: str, folder: str, seed: str, scale: str, databases: str) -> None:
    """Run it and write down what it found; an error ends this process and counts against the drill."""
    run = Run(
        seed=int(seed), folder=Path(folder), scale=float(scale), databases=tuple(databases.split(",")),
        name=drill, mutant=os.environ.get("ORDERBELL_MUTANT", ""),
    )  # fmt: skip
    deed: Drill = import_module(f"tests.chaos.drills.{DRILLS[drill].module}").run
    try:
        verdicts = asyncio.run(deed(run))  # type: ignore[arg-type]
    finally:
        run.close()
    Path(folder, VERDICTS).write_text(json.dumps([asdict(each) for each in verdicts]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
