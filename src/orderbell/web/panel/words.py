"""How the panel says what rows hold in codes: a word, an icon and a tone each; words are the catalogue's ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sign:
    """A state as people read it; never told by colour alone. `tone`: good, warn, bad or soft."""

    word: str
    icon: str
    tone: str


MESSAGE: Mapping[str, Sign] = {
    "queued": Sign("Queued", "clock", "soft"),
    "retrying": Sign("Retrying", "refresh-cw", "warn"),
    "held": Sign("Held", "circle-pause", "warn"),
    "sending": Sign("Sending", "loader", "soft"),
    "sent": Sign("Sent", "circle-check", "good"),
    "sandbox": Sign("Sandboxed", "flask-conical", "soft"),
    "delivered": Sign("Arrived", "circle-check", "good"),
    "failed": Sign("Failed", "circle-x", "bad"),
    "unknown": Sign("Outcome unknown", "circle-help", "warn"),
    "suppressed": Sign("Not sent", "circle-minus", "soft"),
    "cancelled": Sign("Called off", "ban", "soft"),
}
ORDER: Mapping[str, Sign] = {
    "pending": Sign("Waiting for payment", "clock", "warn"),
    "paid": Sign("Paid", "circle-check", "good"),
    "delivered": Sign("Goods delivered", "circle-check", "good"),
    "completed": Sign("Completed", "circle-check", "good"),
    "cancelled": Sign("Cancelled", "ban", "soft"),
    "expired": Sign("Expired", "circle-minus", "soft"),
    "refunded": Sign("Refunded", "refresh-cw", "soft"),
}
FLAGS: Mapping[str, Sign] = {
    "owed": Sign("Goods owed", "circle-alert", "bad"),
    "held": Sign("On hold", "circle-pause", "warn"),
    "refund_requested": Sign("Refund requested", "circle-alert", "warn"),
    "disputed": Sign("Disputed", "triangle-alert", "bad"),
}
OUTCOMES: Mapping[str, Sign] = {
    "taken": Sign("Accepted by the provider", "circle-check", "good"),
    "refused": Sign("Refused for good", "circle-x", "bad"),
    "later": Sign("Not now, will be tried again", "refresh-cw", "warn"),
    "unsure": Sign("Ended without an answer", "circle-help", "warn"),
    "in_doubt": Sign("Interrupted, outcome unknown", "circle-help", "warn"),
    "sandbox": Sign("Kept in the sandbox mailbox", "flask-conical", "good"),
    "running": Sign("On its way", "loader", "soft"),
}
EVENTS: Mapping[str, str] = {
    "order.created": "Order placed",
    "order.paid": "Order paid",
    "payment.failed": "Payment failed",
    "order.delivered": "Goods delivered",
    "order.owed": "Paid, but no card left",
    "order.completed": "Order completed",
    "order.cancelled": "Order cancelled",
    "order.expired": "Order expired unpaid",
    "refund.requested": "Refund requested",
    "refund.approved": "Refund approved",
    "refund.rejected": "Refund refused",
    "order.refunded": "Money refunded",
    "dispute.opened": "Dispute opened",
    "dispute.closed": "Dispute closed",
    "membership.expiring": "Membership ends soon",
    "membership.expired": "Membership ended",
    "membership.renewed": "Membership renewed",
    "review.needed": "Review needed",
    "review.approved": "Review approved",
    "review.rejected": "Review refused",
    "risk.flagged": "Suspicious order",
    "card.revealed": "Goods seen by the buyer",
    "stock.low": "Stock low",
    "stock.out": "Sold out",
    "stock.restocked": "Restocked",
}
CHANNEL_ICONS: Mapping[str, str] = {
    "email": "mail",
    "inbox": "bell",
    "sms": "message-square-text",
    "wechat": "message-circle",
    "wecom": "messages-square",
    "dingtalk": "bell-ring",
    "feishu": "messages-square",
    "telegram": "send",
    "webhook": "webhook",
    "push": "smartphone",
}
CARD_STATES: Mapping[str, str] = {
    "free": "Free",
    "reserved": "Reserved",
    "sold": "Sold",
    "void": "Void",
    "quarantine": "Quarantined",
}
KINDS: Mapping[str, str] = {
    "card": "One key per piece",
    "reusable": "Same text for everybody",
    "service": "Nothing to hand out",
}
LANES: Mapping[int, str] = {0: "Urgent", 1: "Order news", 2: "Bulk"}
AUDIENCES: Mapping[str, str] = {"buyer": "Buyer", "staff": "Staff"}
ROLES: Mapping[str, str] = {
    "owner": "Owner",
    "manager": "Manager",
    "support": "Support",
    "finance": "Finance",
    "viewer": "Viewer",
}
TASKS: Mapping[str, str] = {
    "owed": "Paid, but no card left",
    "late_payment": "Paid after it was cancelled",
    "conflict": "The shop told two different stories",
    "not_delivered": "Goods message not delivered",
    "stuck": "Stuck after its tries",
    "mass_cancel": "Unusually many unpaid orders would be called off at once",
    "clock": "The clock of the server was set",
    "set_aside": "Cards were set aside after a crash",
}
REASONS: Mapping[str, str] = {
    "sandbox": "No account is set up for this channel yet, so it went to the sandbox mailbox.",
    "no_longer_true": "What it says is no longer true of the order.",
    "superseded": "Better news about the order went out instead.",
    "buyer_wish": "The buyer does not want this kind of message by this channel.",
    "order_gone": "Its order no longer exists.",
    "channel_off": "The account it should go by is switched off or gone.",
    "crashed_too_often": "The process ended several times while sending it.",
    "process_ended_while_sending": "The process ended while sending it; it may or may not have arrived.",
    "restored": "A backup was restored; it was told before that, most likely. Send it again if it was not.",
    "rate_limit": "Waits its turn: the provider takes only so many a minute.",
    "quiet_hours": "Quiet hours: it goes when they end, if it is still true then.",
    "will_retry": "The last try did not succeed; it will be tried again.",
    "no_more_tries": "All tries are used up.",
    "no_answer": "The provider did not answer; it may or may not have arrived.",
    "refused_recipient": "The provider refused the address for good.",
    "refused_config": "The provider refused our account; check its settings.",
    "refused_content": "The provider refused the content.",
}
SHORT_REASONS: Mapping[str, str] = {
    "sandbox": "Sandbox only",
    "will_retry": "Will be tried again",
    "no_more_tries": "All tries used up",
    "no_answer": "No answer",
    "refused_recipient": "Address refused",
    "refused_config": "Our account refused",
    "refused_content": "Content refused",
    "no_longer_true": "No longer true",
    "superseded": "Better news went out",
    "channel_off": "Channel switched off",
    "rate_limit": "Waits its turn",
}
"""The reasons people filter by, in few words."""
DONE: Mapping[str, str] = {
    "put_away": "Put away. You find the first steps again with Ctrl+K.",
    "saved": "Saved.",
    "rule_saved": "Saved. It counts from now on.",
    "rule_added": "Added. It counts from now on.",
    "rule_removed": "The automation is gone.",
    "set_chosen": "The set is in place.",
    "quiet_saved": "The quiet hours are set.",
    "change_undone": "Taken back.",
    "changed_since": "Somebody changed it again since then, so it stays as it is.",
    "cannot_undo": "This can no longer be undone.",
    "added": "Added.",
    "replaced": "A new card was handed out, and the buyer is told.",
    "removed": "Removed.",
    "revoked": "The key no longer works.",
    "closed": "Done. It no longer waits for you.",
    "called_off": "They are being called off.",
    "spared": "They have more time to be paid.",
    "again": "It is being worked through again.",
    "resent": "A fresh copy is on its way.",
    "recalled": "Called off. Nothing is sent.",
    "kept": "The filter is kept.",
    "forgotten": "The filter is gone.",
    "begun": "It begins in a moment.",
    "stopped": "Stopped. What had not left stays unsent.",
    "paused": "Paused: events are refused until you go on.",
    "resumed": "Events are taken again.",
    "going_on": "Going on: messages are sent and cards handed out again.",
    "set_aside": "All unsold cards were set aside.",
    "put_back": "The cards are back in the stock.",
    "written_off": "The cards were written off.",
    "password": "Your password is set. Use it from now on.",
    "published": "Published. The next messages say it this way.",
    "nothing_new": "There is nothing new to publish.",
    "draft_kept": "The draft is saved.",
    "draft_dropped": "The draft was thrown away.",
    "draft_back": "The draft is back.",
    "restored_text": "That version counts again.",
    "stock_text": "The stock text counts again.",
    "brand_saved": "Saved. Every message from now on wears it.",
    "invitation_revoked": "The invitation was called back.",
    "taken_back": "As it was before.",
    "role_changed": "The role was changed.",
    "disabled": "The access is closed; every browser is signed out.",
    "enabled": "The access is open again.",
    "factor_off": "The second step is off.",
    "factor_needed": "From now on everyone needs a second step.",
    "factor_free": "The second step is everybody's own choice again.",
    "factor_is_needed": "This shop wants a second step of everybody.",
    "session_ended": "That browser is signed out.",
    "sessions_ended": "Every other browser is signed out.",
    "codes_low": "Few recovery codes are left. Make new ones.",
    "wrong_code": "This code does not fit, or it was used before.",
    "too_often": "Too many tries. Please wait a little.",
}
WRONG: Mapping[str, str] = {
    "bad_quiet": "Quiet hours need a beginning and an end, as in 22:00 and 08:00.",
    "bad_origin_address": "This is no page's address. Write it as https://shop.example.com, with nothing behind it.",
    "too_many_origins": "At most 20 pages can show the inbox.",
    "bad_number": "Please write a number.",
    "bad_clause": "This question cannot be asked of this event.",
    "bad_condition": "This condition cannot be asked. Please check what you wrote.",
    "out_of_stock": "There is no free card of this product.",
    "wrong_password": "This e-mail address and password do not belong together.",
    "link_spent": "This sign-in link was used before or is too old.",
    "weak_password": "A password has 10 to 256 characters.",
    "not_the_same": "The two passwords are not the same.",
    "too_often": "Too many tries. Please wait a little.",
    "sku_taken": "There is a product with this SKU already.",
    "bad_sku": "A SKU is 1 to 100 printable characters.",
    "bad_title": "A title is 1 to 300 characters.",
    "bad_low_at": "The low-stock mark is 0 to 1,000,000.",
    "bad_shop_name": "A shop's name is 1 to 100 characters.",
    "bad_name": "Please give it a name of 1 to 100 characters.",
    "bad_scope": "Choose at least one thing the key may do.",
    "nothing_to_import": "There is no key in what you sent: one key a line.",
    "too_large": "That is more than this page takes at once.",
    "required": "Please fill this in.",
    "not_a_card_product": "Only a product with one key per piece takes cards.",
    "unsafe_url": "This address is not allowed.",
    "paused_after_restore": "The house is paused after a restore; look at what changed first.",
    "wrong_code": "This code does not fit, or it was used before.",
    "bad_expiry_minutes": "An unpaid order waits 5 minutes to 30 days.",
    "bad_kept_days": "Choose how long from the list.",
    "bad_timezone": "This is not a time zone.",
    "bad_currency": "This is not a currency code such as CNY.",
    "bad_locale": "Choose a language from the list.",
    "bad_brand": "This cannot be used. Please look at what the field asks for.",
    "logo_too_large": "A logo has at most 2 MB and 24 million pixels.",
    "logo_is_svg": "SVG pictures are not taken: most mail programs show none. Save it as PNG.",
    "logo_no_picture": "This file is no picture we can read. Save it as PNG or JPEG.",
    "wrong_current": "This is not your password.",
    "invitation_over": "This invitation was used before, called back, or is too old.",
    "staff_exists": "Somebody with this e-mail address already works here.",
    "bad_email": "This is not an e-mail address.",
    "bad_role": "Please choose a role.",
    "too_many_invitations": "Too many invitations are open; call some back first.",
    "last_owner": "A shop needs at least one owner. Make somebody else an owner first.",
    "not_yourself": "You cannot close your own access; another owner can.",
    "factor_first": "Switch on your own second step first.",
    "factor_on": "The second step is switched on already.",
    "bad_expiry": "A key lasts 30, 90 or 365 days, or for good.",
    "key_replaced": "This key was replaced already; replace the new one.",
    "bad_csrf": "This page was open for too long. Please load it again.",
}
UNKNOWN = Sign("", "circle-dot", "soft")


def message_sign(status: str, tries: int = 0, reason: str | None = None) -> Sign:
    """How a message stands; one that waits for another try, or went to the sandbox only, says so."""
    shown = "retrying" if status == "queued" and tries else status
    shown = "sandbox" if shown == "sent" and reason == "sandbox" else shown
    return MESSAGE.get(shown, Sign(status, UNKNOWN.icon, UNKNOWN.tone))


def order_sign(status: str) -> Sign:
    """How an order stands."""
    return ORDER.get(status, Sign(status, UNKNOWN.icon, UNKNOWN.tone))


def outcome_sign(outcome: str | None) -> Sign:
    """How one try ended; None while it runs."""
    return OUTCOMES.get(outcome or "running", Sign(outcome or "", UNKNOWN.icon, UNKNOWN.tone))


def event_word(type_: str) -> str:
    """The name of an event type as a person says it; an unknown one keeps its code."""
    return EVENTS.get(type_, type_)


def reason_word(reason: str | None) -> str:
    """Why a message stands where it stands, as a sentence; what has none is shown as it is."""
    return REASONS.get(reason or "", reason or "")


def channel_icon(kind: str) -> str:
    """The icon of a channel kind."""
    return CHANNEL_ICONS.get(kind, "send")
