"""How a command runs and speaks: its deed through the house's door, a refusal as one sentence on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console

from orderbell.base.errors import OrderBellError
from orderbell.base.settings import Settings
from orderbell.cli import door

T = TypeVar("T")
Data = Annotated[Path | None, typer.Option("--data", help="The data directory; ORDERBELL_DATA_DIR.")]
out = Console()


def ask(chosen: Settings, deed: str, args: dict[str, Any]) -> dict[str, Any]:
    """Have a deed done by the running house, or by this process when none runs."""
    return run(door.ask(chosen, deed, args))


def run(what: Coroutine[Any, Any, T]) -> T:
    """Run to the end; a refusal ends the command."""
    return guard(lambda: uvloop.run(what))


def guard(deed: Callable[[], T]) -> T:
    """The deed's answer; a refusal is printed, and the command ends with 1."""
    try:
        return deed()
    except OrderBellError as error:
        print(f"orderbell: {error.sentence} ({error.code})", file=sys.stderr)
        raise typer.Exit(1) from None
