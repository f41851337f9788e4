"""A shop's settings as immutable snapshots in memory: rules, providers, staff, wording, brand, keys.

A snapshot is read again only when the shop's `settings_gen` rose; every doer that changes a setting calls
`domain.rules.touch` in the same transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from orderbell.base import log
from orderbell.base.errors import Misconfigured
from orderbell.base.secrets import Keyring, Sealed
from orderbell.domain import quiet, wishes
from orderbell.domain.cards import Vault
from orderbell.domain.quiet import Quiet
from orderbell.messages import brand, templates
from orderbell.messages.brand import Brand
from orderbell.messages.templates import Wordings
from orderbell.store.database import Tx
from orderbell.store.schema import Provider, Rule, Shop, Staff

_GENS = select(Shop.id, Shop.settings_gen).where(Shop.id.in_(bindparam("wanted", expanding=True)))


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleCard:
    """A switched-on rule."""

    id: str
    name: str
    condition: str
    audience: str
    channels: tuple[str, ...]
    lane: int
    muted: tuple[str, ...] = ()
    """Channels that a person switched off for this event."""
    quiet: Quiet | None = None
    """When its messages wait; None: they never do."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """A configured provider; `values` are its settings in clear, `events` the types it wants (empty: all)."""

    id: str
    kind: str
    name: str
    values: Mapping[str, str]
    events: tuple[str, ...]

    def wants(self, event_type: str) -> bool:
        """Whether this account asked for events of that type."""
        return not self.events or event_type in self.events


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """A member of staff who can be told something, but not of the events in `muted`."""

    id: str
    email: str
    role: str
    locale: str | None
    muted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ShopBook:
    """Everything about a shop that deciding and sending need."""

    id: str
    gen: int
    name: str
    locale: str
    timezone: str
    currency: str
    demo: bool
    settings: Mapping[str, Any]
    rules: Mapping[str, tuple[RuleCard, ...]]
    off_rules: Mapping[str, tuple[str, ...]]
    accounts: Mapping[str, tuple[Account, ...]]
    staff: tuple[Colleague, ...]
    wordings: Wordings
    brand: Brand
    vault: Vault
    has_wishes: bool = False
    """Whether any buyer ever chose what to hear."""

    def account(self, provider_id: str) -> Account | None:
        """The account of that id, while it is switched on."""
        return self.by_id.get(provider_id)

    @cached_property
    def by_id(self) -> Mapping[str, Account]:
        """The accounts by their ids."""
        return {each.id: each for group in self.accounts.values() for each in group}


class Books:
    """The snapshots of all shops this process met."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._books: dict[str, ShopBook] = {}
        self._lock = threading.Lock()

    def open(self, tx: Tx, shop_ids: Iterable[str]) -> dict[str, ShopBook]:
        """The current snapshots of those shops."""
        wanted = sorted(set(shop_ids))
        gens = tx.execute(_GENS, {"wanted": wanted}).all()
        found: dict[str, ShopBook] = {}
        for shop_id, gen in gens:
            with self._lock:
                book = self._books.get(shop_id)
            if book is None or book.gen != gen:
                book = _read(tx, shop_id, self._keyring)
                with self._lock:
                    self._books[shop_id] = book
            found[shop_id] = book
        return found

    def one(self, tx: Tx, shop_id: str) -> ShopBook:
        """The current snapshot of one shop."""
        return self.open(tx, [shop_id])[shop_id]


def _read(tx: Tx, shop_id: str, keyring: Keyring) -> ShopBook:
    shop = tx.execute(select(Shop.__table__).where(Shop.id == shop_id)).one()
    box = keyring.box(shop_id, shop.data_key)
    vault = Vault(shop_id=shop_id, box=box, keyring=keyring)
    on, off = _rules(tx, shop_id, quiet.of_shop(shop.settings))
    return ShopBook(
        id=shop_id,
        gen=shop.settings_gen,
        name=shop.name,
        locale=shop.locale,
        timezone=shop.timezone,
        currency=shop.currency,
        demo=bool(shop.demo),
        settings=shop.settings,
        rules=on,
        off_rules=off,
        accounts=_accounts(tx, vault),
        staff=_staff(tx, shop_id),
        wordings=templates.load(tx, shop_id),
        brand=brand.load(tx, shop_id),
        vault=vault,
        has_wishes=wishes.any_in(tx, shop_id),
    )


def _rules(
    tx: Tx, shop_id: str, shops: Quiet | None
) -> tuple[dict[str, tuple[RuleCard, ...]], dict[str, tuple[str, ...]]]:
    on: dict[str, tuple[RuleCard, ...]] = {}
    off: dict[str, tuple[str, ...]] = {}
    for row in tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id).order_by(Rule.id)):
        if not row.enabled or not (row.channels or row.muted):
            off[row.trigger] = (*off.get(row.trigger, ()), row.name)
            continue
        card = RuleCard(
            id=row.id, name=row.name, condition=row.condition, audience=row.audience,
            channels=tuple(row.channels), lane=row.lane, muted=tuple(row.muted), quiet=quiet.of_rule(row, shops),
        )  # fmt: skip
        on[row.trigger] = (*on.get(row.trigger, ()), card)
    return on, off


def _accounts(tx: Tx, vault: Vault) -> dict[str, tuple[Account, ...]]:
    accounts: dict[str, tuple[Account, ...]] = {}
    query = select(Provider.__table__).where(Provider.shop_id == vault.shop_id, Provider.disabled_at.is_(None))
    for row in tx.execute(query.order_by(Provider.id)):
        try:
            values = open_values(vault, row.id, row.values_sealed)
        except Misconfigured as error:
            # One account that does not open must not silence the shop; its messages fail with "channel_off".
            log.get("book").error("an account's settings do not open", account=row.id, why=error.sentence)
            continue
        events = tuple(row.settings.get("events", ()))
        account = Account(id=row.id, kind=row.kind, name=row.name, values=values, events=events)
        accounts[row.kind] = (*accounts.get(row.kind, ()), account)
    return accounts


def open_values(vault: Vault, provider_id: str, sealed: bytes) -> dict[str, str]:
    """A provider's settings in clear."""
    clear = vault.box.open(Sealed.unpack(sealed), "provider", vault.shop_id, provider_id)
    return msgspec.json.decode(clear, type=dict[str, str])


def seal_values(vault: Vault, provider_id: str, values: Mapping[str, str]) -> bytes:
    """A provider's settings as they are stored."""
    return vault.box.close(msgspec.json.encode(values), "provider", vault.shop_id, provider_id).packed()


def _staff(tx: Tx, shop_id: str) -> tuple[Colleague, ...]:
    query = select(Staff.id, Staff.email, Staff.role, Staff.locale, Staff.muted).where(
        Staff.shop_id == shop_id, Staff.disabled_at.is_(None)
    )
    return tuple(
        Colleague(id=row.id, email=row.email, role=row.role, locale=row.locale, muted=tuple(row.muted or ()))
        for row in tx.execute(query.order_by(Staff.id))
    )
