"""The command line: `orderbell up`, and the few things one does by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orderbell.base import log, settings
from orderbell.cli import checkup
from orderbell.cli.backup import drill_app, restore
from orderbell.cli.backup import make as make_backup
from orderbell.cli.parts import labour
from orderbell.cli.talk import Data, ask, guard, out, run
from orderbell.cli.trust import audit_app, secrets_app
from orderbell.cli.up import serve
from orderbell.cli.way import way_table
from orderbell.runtime.house import Role
from orderbell.store.migrate import migrate as run_migrations

app = typer.Typer(no_args_is_help=True, add_completion=False, help="OrderBell (订单铃): order notifications.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
cards_app = typer.Typer(no_args_is_help=True, help="The card vault.")
app.add_typer(key_app, name="key")
app.add_typer(cards_app, name="cards")
app.add_typer(drill_app, name="drill")
app.command("backup")(make_backup)
app.command("restore")(restore)
app.add_typer(secrets_app, name="secrets")
app.add_typer(audit_app, name="audit")
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
    log.set_up(chosen.log_level, chosen.log_format)
    run(serve(chosen))


@app.command()
def web(
    data: Data = None,
    port: Port = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
) -> None:
    """Start the doors alone: API, webhooks, panel, buyers' pages. Needs PostgreSQL."""
    chosen = settings.read(data_dir=data, port=port, host=host)
    log.set_up(chosen.log_level, chosen.log_format)
    run(serve(chosen, Role.WEB))


@app.command()
def worker(data: Data = None) -> None:
    """Start a worker alone: it decides, sends and lets timers ring. Needs PostgreSQL."""
    _labour(data, Role.WORKER)


@app.command()
def relay(data: Data = None) -> None:
    """Start a relay: it tells NATS of all work that waits in PostgreSQL. Two may run."""
    _labour(data, Role.RELAY)


def _labour(data: Path | None, role: Role) -> None:
    chosen = settings.read(data_dir=data)
    log.set_up(chosen.log_level, chosen.log_format)
    run(labour(chosen, role))


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to this release's shape."""
    chosen = settings.read(data_dir=data)
    guard(lambda: run_migrations(chosen))
    out.print("The database is up to date.")


@app.command()
def doctor(data: Data = None, port: Port = None) -> None:
    """Check the machine, the key, the database and the waiting work; say how to mend what is wrong."""
    findings = run(checkup.examine(settings.read(data_dir=data, port=port)))
    for finding in findings:
        mark = "[yellow]note[/]" if finding.advice else "[green]ok  [/]" if finding.ok else "[red]bad [/]"
        out.print(f"{mark} {finding.what}: {finding.words}", soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command("sign-in-link")
def sign_in_link(data: Data = None, port: Port = None) -> None:
    """Print a one-time link that signs the owner in."""
    print(ask(settings.read(data_dir=data, port=port), "sign-in-link", {})["link"])


@app.command("send-test")
def send_test(
    channel: Annotated[str, typer.Argument(help="The account's id (prv_…).")],
    to: Annotated[str, typer.Option(help="The address; empty when the account is the address.")] = "",
    data: Data = None,
) -> None:
    """Send a test message through an account and show each step."""
    steps = ask(settings.read(data_dir=data), "send-test", {"channel": channel, "to": to})["steps"]
    for step in steps:
        out.print(f"{'[green]ok [/]' if step['ok'] else '[red]no [/]'} {step['name']}: {step['words']}")
    if not steps[-1]["ok"]:
        raise typer.Exit(1)


@app.command()
def trace(
    order: Annotated[str, typer.Argument(help="The shop's own order number.")],
    shop: Annotated[str, typer.Option(help="The shop's id (shp_…); needed when there are several.")] = "",
    data: Data = None,
) -> None:
    """Print an order's whole way with its timings: told, written, decided, claimed, answered, recorded."""
    steps = ask(settings.read(data_dir=data), "trace", {"order": order, "shop": shop or None})["steps"]
    out.print(way_table(order, steps))


@key_app.command("create")
def key_create(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "cli",
    scope: Annotated[list[str] | None, typer.Option(help="May be given several times; all when left out.")] = None,
    data: Data = None,
) -> None:
    """Make an API key and print its token; it cannot be read again."""
    print(ask(settings.read(data_dir=data), "key.create", {"name": name, "scopes": scope})["token"])


@cards_app.command("import")
def cards_import(
    sku: Annotated[str, typer.Argument(help="The product's SKU.")],
    file: Annotated[Path, typer.Argument(help="A text file, one key a line.", exists=True, dir_okay=False)],
    data: Data = None,
) -> None:
    """Take the keys of a file into a product's stock; known ones are counted, not taken twice."""
    done = ask(settings.read(data_dir=data), "cards.import", {"sku": sku, "file": str(file.resolve())})
    out.print(f"{done['taken']} taken, {done['duplicates']} known already, {done['refused']} refused.")


if __name__ == "__main__":
    app()
