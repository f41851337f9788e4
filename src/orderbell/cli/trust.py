"""`orderbell secrets` and `orderbell audit`: change the house's keys, and see that nobody rewrote its trail."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.status import Status

from orderbell.base import settings
from orderbell.base.settings import Settings
from orderbell.cli.talk import Data, ask, out

secrets_app = typer.Typer(no_args_is_help=True, help="The keys that close every secret.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit trail.")
_FOUND = {
    "": "sound",
    "gap": "a row is missing before place {at}",
    "changed": "the row at place {at} was changed",
    "cut": "its end is gone from place {at} on",
    "not_the_seen": "the row at place {at} is not the one that was written down elsewhere",
    "forged_head": "the file of kept ends holds lines that this house never wrote",
}


@secrets_app.command("rotate")
def rotate(
    data_keys: Annotated[bool, typer.Option("--data-keys", help="Close every secret anew with new data keys.")] = False,
    prepare: Annotated[bool, typer.Option("--prepare", help="Only add the new key to the key file.")] = False,
    data: Data = None,
) -> None:
    """Change the wrapping key, or with --data-keys the data keys, while the house works; run again to go on."""
    chosen = settings.read(data_dir=data)
    if data_keys:
        _rotate_data_keys(chosen)
        return
    args: dict[str, Any] = {"prepare": True} if prepare else {}
    done = _until_finished(chosen, "secrets.rotate", args, "{done} shops")
    if prepare:
        out.print(f"{chosen.key_path} holds the new key. Copy it to every machine, then run this without --prepare.")
    else:
        out.print(f"The wrapping key is changed; the keys of {done['done']} shops were closed anew.")


def _rotate_data_keys(chosen: Settings) -> None:
    done = _until_finished(chosen, "secrets.rotate-data", {}, "step {step} of {steps}, {done} secrets")
    out.print(f"{done['done']} secrets were closed anew with new data keys.")
    if done["unreadable"]:
        out.print(f"[red]{done['unreadable']} stored secrets open with no key of this house; the old keys stay.[/]")
        raise typer.Exit(1)


def _until_finished(chosen: Settings, deed: str, args: dict[str, Any], words: str) -> dict[str, Any]:
    with Status("beginning", console=out) as status:
        told = ask(chosen, deed, args)
        while not told["finished"]:
            status.update(words.format(**told))
            told = ask(chosen, deed, {**told, "going_on": True})
    return told


@audit_app.command("verify")
def verify(shop: Annotated[str, typer.Option(help="One shop's id; empty means all.")] = "", data: Data = None) -> None:
    """Read the whole audit trail and say whether a row was changed, taken out or cut off."""
    told = ask(settings.read(data_dir=data), "audit.verify", {"shop": shop})["shops"]
    for each in told:
        words = _FOUND[each["why"]].format(at=each["at_seq"])
        sign = "[red]bad [/]" if each["why"] else "[green]ok  [/]"
        out.print(f"{sign} {each['shop']}: {words}; {each['rows']} rows, {each['heads']} kept ends compared")
    if any(each["why"] for each in told):
        raise typer.Exit(1)
