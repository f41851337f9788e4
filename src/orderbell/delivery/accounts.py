"""Configured accounts of channels: added, changed, switched off; their secrets are sealed and never read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy import Row as SqlRow

from orderbell.base.errors import BadInput, NotFound
from orderbell.base.ids import new_id
from orderbell.base.signing import new_webhook_secret
from orderbell.channels.directory import CHANNELS, check_values
from orderbell.delivery.book import open_values, seal_values
from orderbell.domain.audit import note
from orderbell.domain.cards import Vault
from orderbell.domain.rules import touch
from orderbell.events import BY_TYPE
from orderbell.store.schema import Provider


@dataclass(frozen=True, kw_only=True)
class AccountForm:
    """What somebody filled in; `allow_private` comes from the settings of the house."""

    kind: str
    name: str
    values: Mapping[str, str]
    allow_private: bool = False


def add_account(tx: Connection, vault: Vault, form: AccountForm, *, by: str, now: datetime) -> str:
    """Add an account of a channel and return its id.

    Raises:
        BadInput: an unknown kind or field, a missing or misfit value.
    """
    account_id = new_id("provider")
    tx.execute(
        insert(Provider).values(
            id=account_id, shop_id=vault.shop_id, kind=form.kind, name=_checked_name(form.name), settings={},
            created_at=now, values_sealed=seal_values(vault, account_id, _filled(form)),
        )
    )  # fmt: skip
    touch(tx, vault.shop_id)
    note(tx, vault.shop_id, actor=by, action="provider.added", object=account_id, detail={"kind": form.kind}, now=now)
    return account_id


def change_account(
    tx: Connection, vault: Vault, account_id: str, form: AccountForm, *, by: str, now: datetime,
) -> None:  # fmt: skip
    """Change an account and switch it on again; a secret field left empty keeps what it holds.

    Raises:
        NotFound: no such account in this shop.
        BadInput: as for `add_account`.
    """
    row = get(tx, vault.shop_id, account_id)
    held = open_values(vault, account_id, row.values_sealed)
    secret = {each.name for each in CHANNELS[row.kind].settings if each.kind == "secret"}
    kept = {field: value for field, value in held.items() if field in secret and not form.values.get(field)}
    whole = replace(form, kind=row.kind, values={**form.values, **kept})
    _set(
        tx, vault.shop_id, account_id, name=_checked_name(form.name), disabled_at=None, disabled_reason=None,
        failing_since=None, values_sealed=seal_values(vault, account_id, _filled(whole)),
    )  # fmt: skip
    note(tx, vault.shop_id, actor=by, action="provider.changed", object=account_id, now=now)


def choose_events(tx: Connection, shop_id: str, account_id: str, events: Sequence[str]) -> None:
    """Let an account (a webhook) hear only of these event types; none means all.

    Raises:
        NotFound: no such account in this shop.
        BadInput: `unknown_event_type`.
    """
    unknown = [each for each in events if each not in BY_TYPE]
    if unknown:
        raise BadInput(f"{unknown[0][:60]!r} is not an event we know.", code="unknown_event_type", field="events")
    row = get(tx, shop_id, account_id)
    _set(tx, shop_id, account_id, settings={**row.settings, "events": list(dict.fromkeys(events))})


def switch_account(
    tx: Connection, shop_id: str, account_id: str, *, reason: str | None, by: str, now: datetime,
) -> None:  # fmt: skip
    """Switch an account off for a reason, or on again with None.

    Raises:
        NotFound: no such account in this shop.
    """
    get(tx, shop_id, account_id)
    _set(tx, shop_id, account_id, disabled_at=now if reason else None, disabled_reason=reason, failing_since=None)
    action = "provider.switched_off" if reason else "provider.switched_on"
    note(tx, shop_id, actor=by, action=action, object=account_id, now=now)


def note_test(tx: Connection, shop_id: str, account_id: str, *, by: str, now: datetime) -> None:
    """Write down that somebody is about to send a test message through an account."""
    note(tx, shop_id, actor=by, action="provider.tested", object=account_id, now=now)


def remove_account(tx: Connection, shop_id: str, account_id: str, *, by: str, now: datetime) -> None:
    """Remove an account; what it sent stays on record.

    Raises:
        NotFound: no such account in this shop.
    """
    get(tx, shop_id, account_id)
    tx.execute(delete(Provider).where(Provider.shop_id == shop_id, Provider.id == account_id))
    touch(tx, shop_id)
    note(tx, shop_id, actor=by, action="provider.removed", object=account_id, now=now)


def get(tx: Connection, shop_id: str, account_id: str) -> SqlRow[Any]:
    """An account's row.

    Raises:
        NotFound: no such account in this shop.
    """
    query = select(Provider.__table__).where(Provider.shop_id == shop_id, Provider.id == account_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such account.")
    return row


def list_accounts(tx: Connection, shop_id: str) -> list[SqlRow[Any]]:
    """All accounts of a shop, by kind and age."""
    query = select(Provider.__table__).where(Provider.shop_id == shop_id)
    return list(tx.execute(query.order_by(Provider.kind, Provider.id)))


def _filled(form: AccountForm) -> dict[str, str]:
    """The form's values, checked; a webhook without a secret gets one made."""
    if form.kind not in CHANNELS or CHANNELS[form.kind].traits.local:
        sentence = f"{form.kind[:40]!r} is not a channel that takes accounts."
        raise BadInput(sentence, code="unknown_channel", field="kind")
    values = dict(form.values)
    if form.kind == "webhook" and not values.get("secret"):
        values["secret"] = new_webhook_secret()
    return check_values(form.kind, values, allow_private=form.allow_private)


def _checked_name(name: str) -> str:
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput("An account needs a name of 1 to 100 characters.", code="bad_name", field="name")
    return name.strip()


def _set(tx: Connection, shop_id: str, account_id: str, **values: Any) -> None:
    tx.execute(update(Provider).where(Provider.shop_id == shop_id, Provider.id == account_id).values(**values))
    touch(tx, shop_id)
