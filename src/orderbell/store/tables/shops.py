"""Shops and who may act in them: staff, sessions, API keys, sources, audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from orderbell.store.tables.base import Row


class Meta(Row):
    """One value per name about the database itself (the key's check value, the schema's birthday)."""

    __tablename__ = "meta"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Shop(Row):
    """A tenant: every other row belongs to one. `settings_gen` rises with every change, so caches know."""

    __tablename__ = "shop"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    locale: Mapped[str]
    timezone: Mapped[str]
    currency: Mapped[str]
    demo: Mapped[int] = mapped_column(Integer, default=0)
    data_key: Mapped[bytes]
    settings: Mapped[dict[str, Any]]
    settings_gen: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]


class Staff(Row):
    """A person who works in a shop. `role`: owner, manager, support, finance or viewer.

    `muted` lists the event types of which this person wants no mail; None means none.
    """

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("shop_id", "email"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    muted: Mapped[list[Any] | None]


class Session(Row):
    """A signed-in browser; the id is the hash of its cookie. `way`: password, link or invitation."""

    __tablename__ = "session"
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    staff_id: Mapped[str]
    created_at: Mapped[datetime]
    until: Mapped[datetime]
    ip: Mapped[str | None]
    agent: Mapped[str | None]
    seen_at: Mapped[datetime | None]
    way: Mapped[str | None]


class SignInLink(Row):
    """A one-time way in; the id is the hash of its token."""

    __tablename__ = "sign_in_link"
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    staff_id: Mapped[str]
    until: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiKey(Row):
    """A program's credential; only the token's hash is kept. `scopes` is a list of words.

    `expires_at` None: it lasts until somebody ends it. `follows` is the key it was made to replace.
    """

    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    follows: Mapped[str | None]


class SourceRow(Row):
    """A connection to a shop system. `token_hash` is of the secret in its address, `secrets` sealed JSON."""

    __tablename__ = "source"
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    token_sealed: Mapped[bytes]
    secrets_sealed: Mapped[bytes]
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    last_event_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]


class Audit(Row):
    """Who did what, when, to which object; written in the same transaction as the deed.

    A shop's rows are a chain: `seq` counts from 1 without a gap, `hash` covers the row and the `hash` before it.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "shop_id", "id"), UniqueConstraint("shop_id", "seq"))
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    seq: Mapped[int]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    object: Mapped[str]
    ip: Mapped[str | None]
    detail: Mapped[dict[str, Any]]
    hash: Mapped[str]


class AuditHead(Row):
    """Where a shop's audit chain ends; who adds a row holds this one first, so that no two take the same place."""

    __tablename__ = "audit_head"
    shop_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]


class Answered(Row):
    """The answer to a POST with an Idempotency-Key, kept 24 hours."""

    __tablename__ = "answered"
    id: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[str]
    body_hash: Mapped[str]
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(index=True)


class Bucket(Row):
    """How often something was tried since its window opened. `name` is a hash: no address or number is kept.

    Not a shop's row: an attacker's address belongs to no shop, and a sign-in does not know its shop yet.
    """

    __tablename__ = "bucket"
    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(index=True)
