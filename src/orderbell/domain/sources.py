"""Connections to shop systems: opened with a secret address, paused, and found again by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import BadInput, NotFound
from orderbell.base.ids import new_id
from orderbell.base.secrets import Sealed, new_token, token_hash
from orderbell.base.signing import new_webhook_secret
from orderbell.domain.audit import note
from orderbell.domain.cards import Vault
from orderbell.sources.directory import SOURCES
from orderbell.store.schema import SourceRow

MOST_SECRETS = 2
_LONGEST_VALUE = 4000


@dataclass(frozen=True, kw_only=True)
class OpenedSource:
    """A fresh connection: `token` ends its address `/in/{kind}/{token}`; `secret` is empty for unsigned systems."""

    id: str
    token: str
    secret: str


def add_source(
    tx: Connection, vault: Vault, *, kind: str, name: str, values: Mapping[str, str], by: str, now: datetime,
) -> OpenedSource:  # fmt: skip
    """Open a connection; `values` are its form's fields. A signed system without a secret gets one made.

    Raises:
        BadInput: an unknown kind, an empty name, a missing or unknown field.
    """
    settings, secret = _read_form(kind, values)
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput("A connection needs a name of 1 to 100 characters.", code="bad_name", field="name")
    source_id, token = new_id("source"), new_token("obi")
    tx.execute(
        insert(SourceRow).values(
            id=source_id, shop_id=vault.shop_id, kind=kind, name=name.strip(), token_hash=token_hash(token),
            token_sealed=_close(vault, source_id, "token", token), settings=settings, created_at=now,
            secrets_sealed=_close(vault, source_id, "secrets", [secret] if secret else []),
        )
    )  # fmt: skip
    note(tx, vault.shop_id, actor=by, action="source.added", object=source_id, detail={"kind": kind}, now=now)
    return OpenedSource(id=source_id, token=token, secret=secret)


def change_source(
    tx: Connection, vault: Vault, source_id: str, *, name: str, values: Mapping[str, str], by: str, now: datetime,
) -> None:  # fmt: skip
    """Change name and settings. A new secret counts at once; the one before it stays good until the next change.

    Raises:
        NotFound: no such connection in this shop.
        BadInput: as for `add_source`.
    """
    row = get(tx, vault.shop_id, source_id)
    given = values.get("secret", "").strip()
    settings, _ = _read_form(row.kind, {**values, "secret": given or "kept"})
    known = open_secrets(vault, row)
    secrets = [given, *(each for each in known if each != given)][:MOST_SECRETS] if given else known
    tx.execute(
        update(SourceRow)
        .where(SourceRow.shop_id == vault.shop_id, SourceRow.id == source_id)
        .values(
            name=name.strip()[:100] or row.name, settings=settings,
            secrets_sealed=_close(vault, source_id, "secrets", secrets),
        )
    )  # fmt: skip
    detail = {"secret": "changed" if given else "kept"}
    note(tx, vault.shop_id, actor=by, action="source.changed", object=source_id, detail=detail, now=now)


def pause_source(
    tx: Connection, shop_id: str, source_id: str, *, until_resumed: bool, by: str, now: datetime,
) -> None:  # fmt: skip
    """Pause a connection (its sender is asked to come again later) or, with False, let it go on."""
    get(tx, shop_id, source_id)
    mine = (SourceRow.shop_id == shop_id, SourceRow.id == source_id)
    tx.execute(update(SourceRow).where(*mine).values(paused_at=now if until_resumed else None))
    action = "source.paused" if until_resumed else "source.resumed"
    note(tx, shop_id, actor=by, action=action, object=source_id, now=now)


def remove_source(tx: Connection, shop_id: str, source_id: str, *, by: str, now: datetime) -> None:
    """Close a connection for good; its events and orders stay.

    Raises:
        NotFound: no such connection in this shop.
    """
    get(tx, shop_id, source_id)
    tx.execute(delete(SourceRow).where(SourceRow.shop_id == shop_id, SourceRow.id == source_id))
    note(tx, shop_id, actor=by, action="source.removed", object=source_id, now=now)


def get(tx: Connection, shop_id: str, source_id: str) -> SqlRow[Any]:
    """A connection's row.

    Raises:
        NotFound: no such connection in this shop.
    """
    query = select(SourceRow.__table__).where(SourceRow.shop_id == shop_id, SourceRow.id == source_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such connection.")
    return row


def find_by_token(tx: Connection, kind: str, token: str) -> SqlRow[Any] | None:
    """The connection a secret address leads to; the token itself proves the shop."""
    query = select(SourceRow.__table__).where(SourceRow.token_hash == token_hash(token), SourceRow.kind == kind)
    return tx.execute(query).one_or_none()


def open_secrets(vault: Vault, row: Any) -> list[str]:
    """A connection's signing secrets, the newest first."""
    return msgspec.json.decode(_open(vault, row.id, "secrets", row.secrets_sealed), type=list[str])


def open_token(vault: Vault, row: Any) -> str:
    """The secret end of a connection's address, to be shown to staff who may see it."""
    return msgspec.json.decode(_open(vault, row.id, "token", row.token_sealed), type=str)


def _read_form(kind: str, values: Mapping[str, str]) -> tuple[dict[str, str], str]:
    source = SOURCES.get(kind)
    if source is None:
        raise BadInput(f"{kind[:40]!r} is not a shop system we know.", code="unknown_kind", field="kind")
    if unknown := set(values) - {field.name for field in source.fields} - {"secret"}:
        raise BadInput(f"This system has no field {sorted(unknown)[0][:40]!r}.", code="unknown_field")
    settings: dict[str, str] = {}
    for field in source.fields:
        value = values.get(field.name, "").strip() or field.default
        _check_value(field.name, value, required=field.required, choices=field.choices)
        if field.kind != "secret":
            settings[field.name] = value
    secret = values.get("secret", "").strip()
    return settings, secret or (new_webhook_secret() if source.signed else "")


def _check_value(name: str, value: str, *, required: bool, choices: Sequence[str]) -> None:
    if (required and not value) or len(value) > _LONGEST_VALUE:
        raise BadInput(f"The field {name} is missing or too long.", code="bad_field", field=name)
    if choices and value not in choices:
        raise BadInput(f"The field {name} is one of {', '.join(choices)}.", code="bad_field", field=name)


def _close(vault: Vault, source_id: str, part: str, value: object) -> bytes:
    return vault.box.close(msgspec.json.encode(value), "source", vault.shop_id, source_id, part).packed()


def _open(vault: Vault, source_id: str, part: str, sealed: bytes) -> bytes:
    return vault.box.open(Sealed.unpack(sealed), "source", vault.shop_id, source_id, part)
