"""Prints docs/reference from the code itself: `python -m orderbell.cli.reference docs/reference`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from litestar import Router
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute

from orderbell import events
from orderbell.base.settings import Settings
from orderbell.channels.base import Setting, Traits
from orderbell.channels.directory import CHANNELS
from orderbell.cli.codes import all_codes
from orderbell.messages import tokens
from orderbell.sources.base import SourceField
from orderbell.sources.directory import SOURCES
from orderbell.sources.own import HOUSE_RAISED
from orderbell.web import vitals
from orderbell.web.app import rooms

PRINTED = "_Printed from the code by `make reference`; changes made here are lost._"


def settings_page() -> str:
    """Every setting with its default and unit."""
    rows = (
        (f"`ORDERBELL_{each.name.upper()}`", _code(each.default), each.metadata["unit"], each.metadata["sentence"])
        for each in fields(Settings)
    )
    said = "Each is read from the environment when a process starts; an empty value counts as not set."
    return _page("Settings", said, _table(("Name", "Default", "Unit", "What it does"), rows))


def events_page() -> str:
    """Every event type, what it means and who may tell it."""
    rows = (
        (f"`{name}`", _first_line(kind), "OrderBell only" if name in HOUSE_RAISED else "shops and OrderBell")
        for name, kind in events.BY_TYPE.items()
    )
    said = "A fact is told once for ever: the same `id` in the same shop is the same fact, said again."
    return _page("Events", said, _table(("Type", "What happened", "Who tells it"), rows))


def channels_page() -> str:
    """Every channel with what it can carry and its settings."""
    said = "A channel that is not wired keeps its messages in the sandbox mailbox of the panel."
    return _page("Channels", said, *(_channel(kind) for kind in CHANNELS))


def sources_page() -> str:
    """Every shop system that can call us, with its settings."""
    said = "Shops call `POST /in/{kind}/{token}`; the panel shows the whole address when a connection is made."
    return _page("Shop systems", said, *(_source(kind) for kind in SOURCES))


def variables_page() -> str:
    """Every word a merchant may write in braces."""
    rows = (
        (f"`{{{row['name']}}}`", f"`{{{row['zh']}}}`", row["meaning"], row["kind"], row["events"], row["audiences"])
        for row in tokens.table()
    )
    head = ("English", "中文", "What it says", "Kind", "In messages about", "For")
    said = "Write one of these in any text; an unknown word in braces is refused when the text is saved."
    return _page("Template variables", said, _table(head, rows))


def routes_page() -> str:
    """Every address the house answers at."""
    found = sorted(
        (re.sub(":[a-z]+}", "}", path), methods, _first_line(handler.fn))
        for path, handler in _handlers()
        if (methods := ", ".join(sorted(_methods(handler))))
    )
    rows = ((f"`{path}`", methods, said) for path, methods, said in found)
    said = "Addresses under `/v1` take an API key; their bodies are described at `/docs/openapi.json`."
    return _page("Addresses", said, _table(("Path", "Methods", "What it does"), rows))


def errors_page() -> str:
    """Every error code with its HTTP status."""
    rows = ((f"`{each.code}`", str(each.status), each.sentence) for each in all_codes())
    said = (
        "Errors are `application/problem+json` with `code` for programs and `detail` for people. Codes are stable, "
        "sentences may be reworded; `…` stands for what varies."
    )
    return _page("Error codes", said, _table(("Code", "Status", "Sentence"), rows))


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "events.md": events_page,
    "channels.md": channels_page,
    "sources.md": sources_page,
    "variables.md": variables_page,
    "routes.md": routes_page,
    "errors.md": errors_page,
}


def print_to(folder: Path) -> None:
    """Write every page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), "utf-8")


def _channel(kind: str) -> str:
    channel = CHANNELS[kind]
    head = f"## {channel.title} (`{kind}`)"
    return "\n\n".join((head, _carried(channel.traits), _form(channel.settings))).strip()


def _carried(traits: Traits) -> str:
    facts = (
        f"for {' and '.join(traits.audiences)}",
        f"reached by {traits.address}" if traits.address != "none" else "",
        f"text as {traits.markup}",
        f"at most {traits.max_chars} characters" if traits.max_chars else "",
        f"at most {traits.per_minute} messages a minute" if traits.per_minute else "",
        "with buttons" if traits.buttons else "",
        "" if traits.wired else "not wired yet: sandbox mailbox only",
    )
    return _sentence(facts)


def _source(kind: str) -> str:
    source = SOURCES[kind]
    proof = "Every call is signed." if source.signed else "Calls are not signed: the secret address is the only proof."
    return "\n\n".join((f"## {source.title} (`{kind}`)", proof, _form(source.fields))).strip()


def _form(form: Iterable[Setting | SourceField]) -> str:
    rows = [
        (f"`{each.name}`", each.label, _kind(each), "yes" if each.required else "no", _code(each.default), each.help)
        for each in form
    ]
    return _table(("Setting", "Label", "Kind", "Required", "Default", "Help"), rows) if rows else ""


def _kind(each: Setting | SourceField) -> str:
    choices = each.choices if isinstance(each, Setting) else ()
    return " or ".join(f"`{choice}`" for choice in choices) or each.kind


def _page(title: str, said: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", PRINTED, said, *parts)) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _sentence(facts: Iterable[str]) -> str:
    text = "; ".join(fact for fact in facts if fact)
    return f"{text[:1].upper()}{text[1:]}."


def _code(value: object) -> str:
    shown = int(value) if isinstance(value, bool) else value
    return f"`{shown}`" if shown != "" else "empty"


def _handlers() -> Iterator[tuple[str, BaseRouteHandler]]:
    vital = Router("/", route_handlers=[vitals.healthz, vitals.readyz, vitals.metrics])
    for route in (route for router in (*rooms(), vital) for route in router.routes):
        if isinstance(route, HTTPRoute):
            yield from ((route.path, handler) for handler in route.route_handlers)
        elif isinstance(route, ASGIRoute):
            yield route.path, route.route_handler


def _methods(handler: BaseRouteHandler) -> set[str]:
    # HEAD and OPTIONS come with every GET; naming them would only hide what matters.
    named = handler.http_methods if isinstance(handler, HTTPRouteHandler) else {"any"}
    return {str(name) for name in named} - {"HEAD", "OPTIONS"}


def _first_line(said: object) -> str:
    return (said.__doc__ or "").strip().split("\n")[0]


if __name__ == "__main__":
    print_to(Path(sys.argv[1]))
