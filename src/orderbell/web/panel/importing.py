"""Cards come in: what was pasted or sent as a file becomes keys, and the import tells how far it is."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from litestar.datastructures import UploadFile

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.domain import cards
from orderbell.messages.i18n import Catalogue
from orderbell.runtime import intake
from orderbell.runtime.house import House
from orderbell.web.panel import face, progress
from orderbell.web.panel.queries import products as queries

MAX_BYTES = 16 * 1024 * 1024
HEADERS = frozenset({"card", "cards", "key", "keys", "code", "codes", "卡密", "卡号", "密钥", "兑换码"})
LOOK_EVERY_S = 0.2
MOST_REFUSED_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Bringing:
    """An import somebody asked for."""

    shop_id: str
    product_id: str
    keys: list[str]
    by: str


async def read_keys(form: face.Form) -> list[str]:
    """The keys of the form's text and file, in that order.

    Raises:
        BadInput: `nothing_to_import`, or a file that is no text.
    """
    keys = cards.split_lines(str(form.get("keys") or ""))
    sent = form.get("file")
    if isinstance(sent, UploadFile) and sent.filename:
        keys += split_file(sent.filename, await sent.read())
    if not keys:
        raise BadInput("There is no key in what you sent: one key a line.", code="nothing_to_import", field="keys")
    return keys


def split_file(name: str, raw: bytes) -> list[str]:
    """The keys of a file: a CSV's rows (several cells are joined by a space), any other file's lines.

    Raises:
        BadInput: `not_text`, neither UTF-8 nor GB 18030.
    """
    text = _decode(raw)
    if not name.lower().endswith(".csv"):
        return cards.split_lines(text)
    rows = [" ".join(cell.strip() for cell in row if cell.strip()) for row in csv.reader(io.StringIO(text))]
    rows = [row for row in rows if row]
    return rows[1:] if rows and rows[0].lower() in HEADERS else rows


def _decode(raw: bytes) -> str:
    # Spreadsheets on Chinese machines still save CSV as GB 18030.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("This file is no text we can read; save it as UTF-8.", code="not_text", field="file")


async def follow(house: House, bringing: Bringing, say: Catalogue) -> AsyncIterator[str]:
    """Run the import and tell how far it is, line by line; it goes on even when nobody listens any more."""
    total = len(bringing.keys)
    try:
        import_id = await intake.start_import(
            house, bringing.shop_id, bringing.product_id, total=total, by=bringing.by
        )  # fmt: skip
    except OrderBellError as error:
        yield _failed(error, say)
        return
    work = asyncio.create_task(
        intake.import_keys(
            house, bringing.shop_id, bringing.product_id, bringing.keys, by=bringing.by, import_id=import_id
        )
    )
    while not work.done():
        await asyncio.wait({work}, timeout=LOOK_EVERY_S)
        row = await house.store.read(lambda tx: queries.import_row(tx, bringing.shop_id, import_id))
        yield _under_way(row, total, say)
    try:
        whole = work.result()
    except OrderBellError as error:
        yield _failed(error, say)
        return
    for piece in _report(whole, say):
        yield piece


def _under_way(row: Any, total: int, say: Catalogue) -> str:
    done = row.taken + row.duplicates + len(row.refused) if row else 0
    return progress.line("loader", "soft", say("{done} of {total} looked at", done=done, total=total), key="import-all")


def _failed(error: OrderBellError, say: Catalogue) -> str:
    return progress.line("circle-x", "bad", say(face.wrong(error)["sentence"]), key="import-all")


def _report(whole: cards.Imported, say: Catalogue) -> list[str]:
    """What came of it: taken, known already, refused with line numbers."""
    lines = [
        progress.line(
            "circle-check", "good", say.plural("{n} card taken", "{n} cards taken", whole.taken), key="import-all"
        )
    ]
    if whole.duplicates:
        text = say.plural("{n} was known already and left out", "{n} were known already and left out", whole.duplicates)
        lines.append(progress.line("copy", "warn", text, key="import-known"))
    if whole.refused:
        text = say.plural("{n} line cannot be a key", "{n} lines cannot be keys", len(whole.refused))
        shown = "\n".join(f"{n}: {say(REFUSALS.get(why, why))}" for n, why in whole.refused[:MOST_REFUSED_SHOWN])
        lines.append(progress.line("circle-x", "bad", text, key="import-refused", more=shown))
    return lines


REFUSALS = {"too_long": "longer than 4,000 characters", "control_character": "holds a control character"}
