"""Programs' credentials: API keys and how far each reaches. A token is shown once; only its hash is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from orderbell.base.errors import BadInput, Conflict, NotAllowed, NotFound
from orderbell.base.ids import new_id
from orderbell.base.secrets import new_token, token_hash
from orderbell.domain.audit import note
from orderbell.store.schema import ApiKey

SCOPES = (
    "events:write", "orders:read", "messages:read", "messages:write", "products:write", "cards:write",
    "settings:write", "inbox:tokens",
)  # fmt: skip
_HINT_CHARS = 8
OVERLAPS = {"now": timedelta(0), "day": timedelta(days=1), "week": timedelta(days=7)}
"""How long an old key may go on beside the one that replaces it."""
LIVES_DAYS = (30, 90, 365)


@dataclass(frozen=True, kw_only=True)
class ApiSeat:
    """A program that showed a key that holds."""

    shop_id: str
    key_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class ApiKeyLine:
    """A key as lists show it; `hint` is how its token begins, `follows` the key it replaces."""

    id: str
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    expires_at: datetime | None = None
    follows: str | None = None


def require_scope(seat: ApiSeat, scope: str) -> None:
    """Let pass what the key reaches.

    Raises:
        NotAllowed: `missing_scope`.
    """
    if scope not in seat.scopes:
        raise NotAllowed(f"This key does not reach that far; it needs {scope}.", code="missing_scope", needs=scope)


def create_api_key(
    tx: Connection, shop_id: str, name: str, scopes: Iterable[str] = SCOPES, *, by: str, now: datetime,
    days: int | None = None,
) -> tuple[str, str]:  # fmt: skip
    """A new key: its id and its token `obk_…`, which nobody can read again. `days` None: it lasts.

    Raises:
        BadInput: `bad_scope`, `bad_expiry`, or `bad_name` for an empty or very long name.
    """
    if days is not None and days not in LIVES_DAYS:
        raise BadInput("A key lasts 30, 90 or 365 days, or for good.", code="bad_expiry", field="days")
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise BadInput(f"Scopes are some of {', '.join(SCOPES)}; not {', '.join(unknown) or 'none'}.", code="bad_scope")
    if not 1 <= len(name.strip()) <= 100:
        raise BadInput("A key needs a name of 1 to 100 characters.", code="bad_name")
    key_id, token = new_id("key"), new_token("obk")
    tx.execute(
        insert(ApiKey).values(
            id=key_id, shop_id=shop_id, name=name.strip(), hash=token_hash(token), hint=token[:_HINT_CHARS],
            scopes=list(wanted), created_at=now, expires_at=now + timedelta(days=days) if days else None,
        )
    )  # fmt: skip
    detail = {"name": name.strip(), "scopes": list(wanted), "days": days}
    note(tx, shop_id, actor=by, action="key.created", object=key_id, detail=detail, now=now)
    return key_id, token


def rotate_api_key(
    tx: Connection, shop_id: str, key_id: str, *, overlap: timedelta, by: str, now: datetime,
) -> tuple[str, str]:  # fmt: skip
    """A key in the place of another, with its name, scopes and length of life; the old one goes on for `overlap`.

    Raises:
        NotFound: no key of that id that still works.
        Conflict: `key_replaced`, it was done before.
    """
    mine = (ApiKey.shop_id == shop_id, ApiKey.id == key_id)
    old = tx.execute(select(ApiKey.__table__).where(*mine, *_alive(now))).first()
    if old is None:
        raise NotFound("There is no such key.")
    if tx.execute(select(ApiKey.id).where(ApiKey.shop_id == shop_id, ApiKey.follows == key_id)).first():
        raise Conflict("This key was replaced already; replace the new one.", code="key_replaced")
    new, token = new_id("key"), new_token("obk")
    lasts = old.expires_at - old.created_at if old.expires_at else None
    tx.execute(
        insert(ApiKey).values(
            id=new, shop_id=shop_id, name=old.name, hash=token_hash(token), hint=token[:_HINT_CHARS],
            scopes=old.scopes, created_at=now, expires_at=now + lasts if lasts else None, follows=key_id,
        )
    )  # fmt: skip
    until = min(now + overlap, old.expires_at or now + overlap)
    tx.execute(update(ApiKey).where(*mine).values(expires_at=until))
    detail = {"name": old.name, "new_key": new, "until": until.isoformat()}
    note(tx, shop_id, actor=by, action="key.rotated", object=key_id, detail=detail, now=now)
    return new, token


def find_api_key(tx: Connection, token: str, *, now: datetime) -> ApiSeat | None:
    """The seat of a token; None when it was revoked, is over or was never made."""
    wanted = select(ApiKey.id, ApiKey.shop_id, ApiKey.scopes)
    row = tx.execute(wanted.where(ApiKey.hash == token_hash(token), *_alive(now))).first()
    return None if row is None else ApiSeat(shop_id=row.shop_id, key_id=row.id, scopes=frozenset(row.scopes))


def mark_used(tx: Connection, shop_id: str, key_id: str, *, now: datetime) -> None:
    """Remember that a key was used; called at most once a minute for each key."""
    tx.execute(update(ApiKey).where(ApiKey.shop_id == shop_id, ApiKey.id == key_id).values(last_used_at=now))


def revoke_api_key(tx: Connection, shop_id: str, key_id: str, *, by: str, now: datetime) -> None:
    """End a key for good; revoking it again changes nothing.

    Raises:
        NotFound: no key of that id in this shop.
    """
    mine = (ApiKey.shop_id == shop_id, ApiKey.id == key_id)
    if tx.execute(select(ApiKey.id).where(*mine)).first() is None:
        raise NotFound("There is no such key.")
    if tx.execute(update(ApiKey).where(*mine, ApiKey.revoked_at.is_(None)).values(revoked_at=now)).rowcount:
        note(tx, shop_id, actor=by, action="key.revoked", object=key_id, now=now)


def list_api_keys(tx: Connection, shop_id: str) -> list[ApiKeyLine]:
    """All keys of a shop, revoked ones too, the newest first."""
    rows = tx.execute(select(ApiKey.__table__).where(ApiKey.shop_id == shop_id).order_by(ApiKey.id.desc())).all()
    return [
        ApiKeyLine(
            id=row.id, name=row.name, hint=row.hint, scopes=tuple(row.scopes), created_at=row.created_at,
            last_used_at=row.last_used_at, revoked_at=row.revoked_at, expires_at=row.expires_at, follows=row.follows,
        )
        for row in rows
    ]  # fmt: skip


def _alive(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
