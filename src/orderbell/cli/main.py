"""The command line: `orderbell up`, and the few things one does by hand."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from orderbell.base import log, settings
from orderbell.base.errors import OrderBellError
from orderbell.base.settings import Settings
from orderbell.cli import checkup, door
from orderbell.cli.up import serve
from orderbell.store.migrate import migrate as run_migrations

app = typer.Typer(no_args_is_help=True, add_completion=False, help="OrderBell (订单铃): order notifications.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
cards_app = typer.Typer(no_args_is_help=True, help="The card vault.")
app.add_typer(key_app, name="key")
app.add_typer(cards_app, name="cards")
out = Console()
T = TypeVar("T")

Data = Annotated[Path | None, typer.Option("--data", help="The data directory; ORDERBELL_DATA_DIR.")]
Port = Annotated[int | None, typer.Option("--port", help="The port of the web door; ORDERBELL_PORT.")]


@app.command()
def up(
    data: Data = None,
    port: Port = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Start a demo shop with simulated orders.")] = False,
) -> None:
    """Start everything in one process: web, worker and ticker."""
    chosen = settings.read(data_dir=data, port=port, host=host, demo=True if demo else None)
    log.set_up(chosen.log_level)
    _run(serve(chosen))


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to this release's shape."""
    chosen = settings.read(data_dir=data)
    _guard(lambda: run_migrations(chosen))
    out.print("The database is up to date.")


@app.command()
def doctor(data: Data = None, port: Port = None) -> None:
    """Check the machine, the key, the database and the waiting work; say how to mend what is wrong."""
    findings = _run(checkup.examine(settings.read(data_dir=data, port=port)))
    for finding in findings:
        out.print(f"{'[green]ok  [/]' if finding.ok else '[red]bad [/]'} {finding.what}: {finding.words}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command("sign-in-link")
def sign_in_link(data: Data = None, port: Port = None) -> None:
    """Print a one-time link that signs the owner in."""
    print(_ask(settings.read(data_dir=data, port=port), "sign-in-link", {})["link"])


@app.command("send-test")
def send_test(
    channel: Annotated[str, typer.Argument(help="The account's id (prv_…).")],
    to: Annotated[str, typer.Option(help="The address; empty when the account is the address.")] = "",
    data: Data = None,
) -> None:
    """Send a test message through an account and show each step."""
    steps = _ask(settings.read(data_dir=data), "send-test", {"channel": channel, "to": to})["steps"]
    for step in steps:
        out.print(f"{'[green]ok [/]' if step['ok'] else '[red]no [/]'} {step['name']}: {step['words']}")
    if not steps[-1]["ok"]:
        raise typer.Exit(1)


@key_app.command("create")
def key_create(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "cli",
    scope: Annotated[list[str] | None, typer.Option(help="May be given several times; all when left out.")] = None,
    data: Data = None,
) -> None:
    """Make an API key and print its token; it cannot be read again."""
    print(_ask(settings.read(data_dir=data), "key.create", {"name": name, "scopes": scope})["token"])


@cards_app.command("import")
def cards_import(
    sku: Annotated[str, typer.Argument(help="The product's SKU.")],
    file: Annotated[Path, typer.Argument(help="A text file, one key a line.", exists=True, dir_okay=False)],
    data: Data = None,
) -> None:
    """Take the keys of a file into a product's stock; known ones are counted, not taken twice."""
    done = _ask(settings.read(data_dir=data), "cards.import", {"sku": sku, "file": str(file.resolve())})
    out.print(f"{done['taken']} taken, {done['duplicates']} known already, {done['refused']} refused.")


def _ask(chosen: Settings, deed: str, args: dict[str, Any]) -> dict[str, Any]:
    return _run(door.ask(chosen, deed, args))


def _run(what: Coroutine[Any, Any, T]) -> T:
    return _guard(lambda: asyncio.run(what))


def _guard(deed: Callable[[], T]) -> T:
    try:
        return deed()
    except OrderBellError as error:
        print(f"orderbell: {error.sentence} ({error.code})", file=sys.stderr)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
