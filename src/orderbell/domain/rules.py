"""Rules: when this happens and that holds, these people hear of it by those channels, this urgently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from orderbell.base.errors import BadInput, NotFound
from orderbell.base.ids import new_id
from orderbell.domain import conditions, quiet
from orderbell.events import BY_TYPE
from orderbell.store.database import Tx
from orderbell.store.schema import Rule, Shop

AUDIENCES = ("buyer", "staff")
CHANGEABLE = ("name", "condition", "channels", "muted", "lane", "enabled", "quiet", "quiet_from", "quiet_until")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A rule every new shop starts with; `demo` adds the channels a demo shop shows in its sandbox."""

    name: str
    trigger: str
    audience: str
    channels: tuple[str, ...]
    lane: int = 1
    demo: tuple[str, ...] = ()
    condition: str = ""


def _buyer(name: str, trigger: str, *channels: str, lane: int = 1, demo: tuple[str, ...] = ()) -> Preset:
    return Preset(name=name, trigger=trigger, audience="buyer", channels=channels, lane=lane, demo=demo)


def _staff(name: str, trigger: str, *channels: str, lane: int = 1, demo: tuple[str, ...] = ()) -> Preset:
    return Preset(name=name, trigger=trigger, audience="staff", channels=channels, lane=lane, demo=demo)


# Names are message ids of the catalogue: the panel shows them in the reader's language.
PRESETS: tuple[Preset, ...] = (
    _buyer("Order placed: please pay", "order.created", "inbox"),
    _buyer("Payment received", "order.paid", "email", "inbox"),
    _buyer("Goods delivered", "order.delivered", "email", "inbox", lane=0, demo=("sms", "wechat")),
    _buyer("Paid but delayed", "order.owed", "email", "inbox", lane=0, demo=("sms",)),
    _buyer("Payment failed", "payment.failed", "inbox", demo=("email",)),
    _buyer("Order completed", "order.completed", "inbox", lane=2),
    _buyer("Order cancelled", "order.cancelled", "email", "inbox"),
    _buyer("Order expired unpaid", "order.expired", "inbox", demo=("email",)),
    _buyer("Refund request received", "refund.requested", "email", "inbox"),
    _buyer("Refund approved", "refund.approved", "email", "inbox"),
    _buyer("Refund refused", "refund.rejected", "email", "inbox"),
    _buyer("Money refunded", "order.refunded", "email", "inbox"),
    _buyer("Membership ends soon", "membership.expiring", "email", "inbox", demo=("wechat",)),
    _buyer("Membership ended", "membership.expired", "inbox"),
    _buyer("Membership renewed", "membership.renewed", "inbox"),
    _buyer("Order under review", "review.needed", "inbox"),
    _buyer("Review refused", "review.rejected", "email", "inbox"),
    _staff("New paid order", "order.paid", "webhook", "dingtalk"),
    _staff("Order created (webhook)", "order.created", "webhook"),
    _staff("Goods delivered (webhook)", "order.delivered", "webhook"),
    _staff("Paid but no card", "order.owed", "email", "dingtalk", "webhook", lane=0, demo=("sms", "wecom")),
    _staff("Payment failed (webhook)", "payment.failed", "webhook"),
    _staff("Order completed (webhook)", "order.completed", "webhook", lane=2),
    _staff("Order cancelled (webhook)", "order.cancelled", "webhook"),
    _staff("Order expired (webhook)", "order.expired", "webhook", lane=2),
    _staff("Refund requested", "refund.requested", "email", "dingtalk", "webhook", lane=0),
    _staff("Refund approved (webhook)", "refund.approved", "webhook"),
    _staff("Refund refused (webhook)", "refund.rejected", "webhook"),
    _staff("Money refunded (webhook)", "order.refunded", "webhook"),
    _staff("Dispute opened", "dispute.opened", "email", "dingtalk", "webhook", lane=0),
    _staff("Dispute closed", "dispute.closed", "email", "webhook"),
    _staff("Stock low", "stock.low", "email", "dingtalk", "webhook", lane=0, demo=("wecom",)),
    _staff("Sold out", "stock.out", "email", "dingtalk", "webhook", lane=0, demo=("sms",)),
    _staff("Restocked", "stock.restocked", "webhook", lane=2),
    _staff("Membership ends soon (webhook)", "membership.expiring", "webhook"),
    _staff("Membership ended (webhook)", "membership.expired", "webhook"),
    _staff("Membership renewed (webhook)", "membership.renewed", "webhook"),
    _staff("Review needed", "review.needed", "dingtalk", "email", "webhook", lane=0),
    _staff("Review approved (webhook)", "review.approved", "webhook"),
    _staff("Review refused (webhook)", "review.rejected", "webhook"),
    _staff("Suspicious order", "risk.flagged", "dingtalk", "email", "webhook", lane=0),
    _staff("Goods seen by the buyer (webhook)", "card.revealed", "webhook", lane=2),
)


@dataclass(frozen=True, kw_only=True)
class RuleDraft:
    """A merchant's own rule before it is kept; an empty condition always holds."""

    name: str
    trigger: str
    audience: str
    channels: Sequence[str]
    condition: str = ""
    lane: int = 1


def add_presets(tx: Tx, shop_id: str, *, demo: bool, channels: Sequence[str], now: datetime) -> None:
    """Give a new shop its stock rules; `channels` are the kinds this release has."""
    rows = []
    for preset in PRESETS:
        wanted = preset.channels + (preset.demo if demo else ())
        rows.append(
            _row(
                shop_id, now, preset=f"{preset.audience}:{preset.trigger}", name=preset.name, trigger=preset.trigger,
                condition=preset.condition, audience=preset.audience, lane=preset.lane,
                channels=[kind for kind in wanted if kind in channels],
            )
        )  # fmt: skip
    tx.execute(insert(Rule), rows)


def _row(shop_id: str, now: datetime, **values: Any) -> dict[str, Any]:
    return {"id": new_id("rule"), "shop_id": shop_id, "preset": None, "enabled": 1, "changed_at": now} | values


def add_rule(tx: Tx, shop_id: str, draft: RuleDraft, *, now: datetime) -> str:
    """Add a merchant's own rule and return its id.

    Raises:
        BadInput: an unknown event, audience or lane, no channel, or a condition that cannot be asked.
    """
    values = asdict(draft) | {"channels": list(draft.channels)}
    check(values)
    row = _row(shop_id, now, **values)
    tx.execute(insert(Rule).values(**row))
    touch(tx, shop_id)
    return str(row["id"])


def change_rule(tx: Tx, shop_id: str, rule_id: str, *, now: datetime, **new: Any) -> None:
    """Change some of what CHANGEABLE names.

    Raises:
        NotFound: no such rule in this shop.
        BadInput: as for `add_rule`.
    """
    row = tx.execute(select(Rule.__table__).where(Rule.shop_id == shop_id, Rule.id == rule_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such rule.")
    if unknown := set(new).difference(CHANGEABLE):
        raise BadInput(f"A rule's {', '.join(sorted(unknown))} cannot be changed.", code="not_changeable")
    check({**row._mapping, **new})
    tx.execute(update(Rule).where(Rule.shop_id == shop_id, Rule.id == rule_id).values(**new, changed_at=now))
    touch(tx, shop_id)


def remove_rule(tx: Tx, shop_id: str, rule_id: str) -> None:
    """Remove a merchant's own rule; a stock rule is switched off instead.

    Raises:
        NotFound: no such rule of the merchant's own.
    """
    gone = tx.execute(delete(Rule).where(Rule.shop_id == shop_id, Rule.id == rule_id, Rule.preset.is_(None))).rowcount
    if not gone:
        raise NotFound("There is no such rule of your own; a stock rule can be switched off.")
    touch(tx, shop_id)


def check(values: dict[str, Any]) -> None:
    """Raises BadInput when a rule's fields do not fit."""
    if values["trigger"] not in BY_TYPE:
        raise BadInput(f"{values['trigger'][:60]!r} is not an event we know.", code="unknown_event_type")
    if values["audience"] not in AUDIENCES:
        raise BadInput("A rule speaks to the buyer or to staff.", code="bad_audience", field="audience")
    if values["trigger"].startswith("stock.") and values["audience"] == "buyer":
        raise BadInput("A stock event has no buyer.", code="bad_audience", field="audience")
    if not values["name"].strip() or len(values["name"]) > 120:
        raise BadInput("A rule's name is 1 to 120 characters.", code="bad_name", field="name")
    if values["lane"] not in (0, 1, 2):
        raise BadInput("A lane is 0 (urgent), 1 (order news) or 2 (bulk).", code="bad_lane", field="lane")
    if len(set(values["channels"])) != len(values["channels"]) or len(values["channels"]) > 20:
        raise BadInput("Name each channel once.", code="bad_channels", field="channels")
    _check_quiet(values)
    conditions.check(values["condition"])


def _check_quiet(values: dict[str, Any]) -> None:
    wish = values.get("quiet", "shop")
    if wish not in quiet.WISHES:
        raise BadInput("A rule waits as the shop does, by hours of its own, or never.", code="bad_quiet", field="quiet")
    if wish == "own":
        quiet.check(values.get("quiet_from"), values.get("quiet_until"))


def touch(tx: Tx, shop_id: str) -> None:
    """Tell every cache of this shop that a setting changed."""
    tx.execute(update(Shop).where(Shop.id == shop_id).values(settings_gen=Shop.settings_gen + 1))
