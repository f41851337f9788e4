"""Who hears what: the life of an order, top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orderbell import events
from orderbell.events import Event
from orderbell.runtime.batch import Batch
from orderbell.runtime.handlers import (
    arm_expiry,
    close_owed_task,
    hand_out_cards,
    keep_order,
    keep_shop_goods,
    open_owed_task,
    release_cards,
    reserve_cards,
    run_rules,
    serve_owed,
    watch_late_money,
)
from orderbell.runtime.words import Heard

Handler = Callable[[Batch, Heard], None]
_TOLD = (keep_order, run_rules)

HEARS: Mapping[type[Event], tuple[Handler, ...]] = {
    events.OrderCreated: (keep_order, reserve_cards, arm_expiry, hand_out_cards, run_rules),
    events.OrderPaid: (keep_order, watch_late_money, hand_out_cards, run_rules),
    events.PaymentFailed: (keep_order, arm_expiry, run_rules),
    events.OrderDelivered: (keep_order, keep_shop_goods, close_owed_task, run_rules),
    events.OrderOwed: (keep_order, open_owed_task, run_rules),
    events.OrderCompleted: (keep_order, hand_out_cards, run_rules),
    events.OrderCancelled: (keep_order, release_cards, close_owed_task, run_rules),
    events.OrderExpired: (keep_order, release_cards, run_rules),
    events.RefundRequested: _TOLD,
    events.RefundApproved: _TOLD,
    events.RefundRejected: _TOLD,
    events.OrderRefunded: (keep_order, release_cards, close_owed_task, run_rules),
    events.DisputeOpened: _TOLD,
    events.DisputeClosed: _TOLD,
    events.MembershipExpiring: _TOLD,
    events.MembershipExpired: _TOLD,
    events.MembershipRenewed: _TOLD,
    events.ReviewNeeded: _TOLD,
    events.ReviewApproved: (keep_order, hand_out_cards, run_rules),
    events.ReviewRejected: _TOLD,
    events.RiskFlagged: _TOLD,
    events.CardRevealed: _TOLD,
    events.StockLow: (run_rules,),
    events.StockOut: (run_rules,),
    events.StockRestocked: (serve_owed, run_rules),
}
