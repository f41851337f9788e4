"""Changes to automations by a person: at once, written down with before and after, and each can be taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import delete, insert, select, update

from orderbell.base.errors import BadInput, Conflict, NotFound
from orderbell.base.ids import new_id
from orderbell.domain import quiet, rules
from orderbell.domain.audit import note
from orderbell.domain.quiet import Quiet
from orderbell.domain.rules import CHANGEABLE, PRESETS, RuleDraft
from orderbell.store.database import Tx
from orderbell.store.schema import Rule, RuleChange, Shop

SETS = ("minimal", "recommended", "everything")
"""Ready-made choices of who hears what."""
MINIMAL = frozenset({
    "buyer:order.delivered", "buyer:order.owed", "buyer:order.cancelled", "buyer:order.refunded",
    "buyer:refund.rejected", "staff:order.owed", "staff:refund.requested", "staff:dispute.opened", "staff:stock.out",
    "staff:review.needed",
})  # fmt: skip
# For taking back, not for the record: that is the audit trail.
KEPT = 50
"""So many changes of a shop can be taken back, the newest."""
Row = SqlRow[Any]


@dataclass(frozen=True, kw_only=True)
class By:
    """Who changes something in which shop, and when."""

    shop_id: str
    actor: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a ready-made set may use: the kinds this release has, and those that fit an audience and are connected."""

    known: Sequence[str]
    connected: Mapping[str, Sequence[str]]
    demo: bool


def change(tx: Tx, by: By, rule_id: str, new: Mapping[str, Any]) -> str:
    """Change a rule; the id by which it can be taken back, empty when everything was so already.

    Raises:
        NotFound: no such rule in this shop.
        BadInput: as for `rules.change_rule`.
    """
    row = get(tx, by.shop_id, rule_id)
    if "channels" in new and "muted" not in new:
        new = {**new, "muted": [kind for kind in row.muted if kind not in new["channels"]]}
    fresh = {name: value for name, value in new.items() if name not in CHANGEABLE or getattr(row, name) != value}
    if not fresh:
        return ""
    rules.change_rule(tx, by.shop_id, rule_id, now=by.now, **fresh)
    detail = {"before": {name: getattr(row, name) for name in fresh}, "after": fresh}
    note(tx, by.shop_id, actor=by.actor, action="rule.changed", object=rule_id, detail=detail, now=by.now)
    return _keep(tx, by, {"rules": [_kept(row)]})


def set_channel(tx: Tx, by: By, rule_id: str, *, channel: str, on: bool) -> str:
    """Let a rule speak by a channel or not; as `change`. A rule that is off is on again, with that channel alone."""
    row = get(tx, by.shop_id, rule_id)
    spoken = [kind for kind in row.channels if row.enabled or not on]
    others = [kind for kind in spoken if kind != channel]
    silent = [kind for kind in row.muted if kind != channel]
    if on:
        return change(tx, by, rule_id, {"channels": [*others, channel], "muted": silent, "enabled": 1})
    muted = [*silent, channel] if channel in spoken or channel in row.muted else silent
    return change(tx, by, rule_id, {"channels": others, "muted": muted})


def add(tx: Tx, by: By, draft: RuleDraft) -> tuple[str, str]:
    """Add a merchant's own rule; its id, and the id by which that can be taken back.

    Raises:
        BadInput: as for `rules.add_rule`.
    """
    rule_id = rules.add_rule(tx, by.shop_id, draft, now=by.now)
    note(tx, by.shop_id, actor=by.actor, action="rule.added", object=rule_id, now=by.now)
    return rule_id, _keep(tx, by, {"added": [rule_id]})


def remove(tx: Tx, by: By, rule_id: str) -> str:
    """Remove a merchant's own rule; the id by which it comes back.

    Raises:
        NotFound: no such rule of the merchant's own.
    """
    row = get(tx, by.shop_id, rule_id)
    rules.remove_rule(tx, by.shop_id, rule_id)
    note(tx, by.shop_id, actor=by.actor, action="rule.removed", object=rule_id, now=by.now)
    return _keep(tx, by, {"removed": [_kept(row)]})


def choose_set(tx: Tx, by: By, name: str, reach: Reach) -> str:
    """Set every stock rule as a ready-made set has it; own rules, conditions and lanes stay. As `change`.

    Raises:
        BadInput: `unknown_set`.
    """
    if name not in SETS:
        raise BadInput(f"There is no set {name[:40]!r}.", code="unknown_set", field="set")
    touched = []
    for row in _stock_rows(tx, by.shop_id):
        new = _as_in(name, row, reach)
        if not _fits(row, new):
            rules.change_rule(tx, by.shop_id, row.id, now=by.now, **new)
            touched.append(_kept(row))
    if not touched:
        return ""
    detail = {"set": name, "rules": len(touched)}
    note(tx, by.shop_id, actor=by.actor, action="rules.set_chosen", object=by.shop_id, detail=detail, now=by.now)
    return _keep(tx, by, {"rules": touched})


def is_set(rows: Iterable[Any], name: str, reach: Reach) -> bool:
    """Whether a shop's rules are just as a ready-made set has them; own rules do not count."""
    return all(_fits(row, _as_in(name, row, reach)) for row in rows if row.preset is not None)


def keep_quiet(tx: Tx, by: By, hours: Quiet | None) -> str:
    """Set the shop's quiet hours, None: it keeps none. As `change`.

    Raises:
        BadInput: `bad_quiet`.
    """
    if hours is not None:
        quiet.check(hours.begins, hours.ends, hours.zone)
    settings = tx.execute(select(Shop.settings).where(Shop.id == by.shop_id).with_for_update()).scalar_one()
    before, after = settings.get("quiet"), _as_setting(hours)
    if before == after:
        return ""
    _set_quiet(tx, by.shop_id, settings, after)
    detail = {"before": {"quiet": before}, "after": {"quiet": after}}
    note(tx, by.shop_id, actor=by.actor, action="rules.quiet_set", object=by.shop_id, detail=detail, now=by.now)
    return _keep(tx, by, {"quiet": [before]})


def undo(tx: Tx, by: By, change_id: str) -> None:
    """Take a change back, all of it; once.

    Raises:
        NotFound: no such change, or too long ago, or taken back already.
        Conflict: `changed_since`, somebody changed one of the rules after that.
    """
    mine = (RuleChange.shop_id == by.shop_id, RuleChange.id == change_id)
    row = tx.execute(select(RuleChange.__table__).where(*mine).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("This can no longer be undone.", code="cannot_undo")
    before = row.before
    for kept in before.get("rules", ()):
        _put_back(tx, by, kept, row.at)
    for kept in before.get("removed", ()):
        tx.execute(insert(Rule).values(**kept, shop_id=by.shop_id, changed_at=by.now))
    for rule_id in before.get("added", ()):
        rules.remove_rule(tx, by.shop_id, rule_id)
    for kept in before.get("quiet", ()):
        settings = tx.execute(select(Shop.settings).where(Shop.id == by.shop_id).with_for_update()).scalar_one()
        _set_quiet(tx, by.shop_id, settings, kept)
    tx.execute(delete(RuleChange).where(*mine))
    rules.touch(tx, by.shop_id)
    touched = [each["id"] for each in (*before.get("rules", ()), *before.get("removed", ()))]
    note(
        tx, by.shop_id, actor=by.actor, action="rules.undone", object=touched[0] if len(touched) == 1 else by.shop_id,
        detail={"change": change_id, "rules": len(touched)}, now=by.now,
    )  # fmt: skip


def get(tx: Tx, shop_id: str, rule_id: str) -> Row:
    """A rule's row.

    Raises:
        NotFound: no such rule in this shop.
    """
    row = tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id, Rule.id == rule_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such rule.")
    return row


def _stock_rows(tx: Tx, shop_id: str) -> Iterable[Row]:
    query = select(Rule.__table__).where(Rule.shop_id == shop_id, Rule.preset.is_not(None))
    return tx.execute(query.order_by(Rule.id)).all()


def _as_in(name: str, row: Row, reach: Reach) -> dict[str, Any]:
    stock = next((each for each in PRESETS if f"{each.audience}:{each.trigger}" == row.preset), None)
    if stock is None:
        return {}
    wanted = [*stock.channels, *(stock.demo if reach.demo else ())]
    if name == "everything":
        wanted += [kind for kind in reach.connected.get(row.audience, ()) if kind not in wanted]
    channels = [kind for kind in wanted if kind in reach.known]
    if name == "minimal" and row.preset not in MINIMAL:
        return {"enabled": 0}
    return {"enabled": 1, "channels": channels, "muted": [kind for kind in row.muted if kind not in channels]}


def _fits(row: Any, new: Mapping[str, Any]) -> bool:
    return all(
        sorted(getattr(row, key)) == sorted(value) if isinstance(value, list) else getattr(row, key) == value
        for key, value in new.items()
    )


def _kept(row: Row) -> dict[str, Any]:
    names = ("id", "preset", "trigger", "audience", *CHANGEABLE)
    return {name: getattr(row, name) for name in names}


def _keep(tx: Tx, by: By, before: dict[str, Any]) -> str:
    change_id = new_id("rule_change")
    tx.execute(insert(RuleChange).values(id=change_id, shop_id=by.shop_id, before=before, by=by.actor, at=by.now))
    mine = RuleChange.shop_id == by.shop_id
    oldest = select(RuleChange.id).where(mine).order_by(RuleChange.id.desc()).offset(KEPT).limit(1)
    tx.execute(delete(RuleChange).where(mine, RuleChange.id <= oldest.scalar_subquery()))
    return change_id


def _put_back(tx: Tx, by: By, kept: Mapping[str, Any], at: datetime) -> None:
    mine = (Rule.shop_id == by.shop_id, Rule.id == kept["id"], Rule.changed_at == at)
    values = {name: kept[name] for name in CHANGEABLE}
    if tx.execute(update(Rule).where(*mine).values(**values, changed_at=by.now)).rowcount == 0:
        raise Conflict("Somebody changed it again since then.", code="changed_since")


def _as_setting(hours: Quiet | None) -> dict[str, Any] | None:
    return None if hours is None else {"from": hours.begins, "until": hours.ends, "zone": hours.zone}


def _set_quiet(tx: Tx, shop_id: str, settings: Mapping[str, Any], kept: Mapping[str, Any] | None) -> None:
    rest = {name: value for name, value in settings.items() if name != "quiet"}
    tx.execute(update(Shop).where(Shop.id == shop_id).values(settings=rest | ({"quiet": dict(kept)} if kept else {})))
    rules.touch(tx, shop_id)
