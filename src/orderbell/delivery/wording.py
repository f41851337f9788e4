"""Words a message from what is true now: the order's facts, the shop's texts and brand, fresh signed links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from orderbell.base import log
from orderbell.base.errors import OrderBellError
from orderbell.base.secrets import LinkSigner
from orderbell.channels.base import Letter
from orderbell.channels.directory import CHANNELS
from orderbell.delivery.book import ShopBook
from orderbell.domain import wishes
from orderbell.messages.compose import compose, headline
from orderbell.messages.facts import NO_LINKS, Item, Links, MessageFacts

# What a slip in the wording of one message may raise; database errors are not among them.
_SLIPS = (msgspec.MsgspecError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class NotWorded(OrderBellError):
    """A message cannot be worded; the sentence is the reason kept with it."""

    code = "not_worded"


@dataclass(frozen=True, slots=True)
class Worded:
    """A letter and what it was made from; of a message that ends in our own rows only the first line is written."""

    letter: Letter
    facts: MessageFacts
    template_version: str | None
    brand_version: str | None


class Writer:
    """Words messages; knows the address people see and signs their links."""

    def __init__(self, signer: LinkSigner, base_url: str) -> None:
        self._signer = signer
        self._base_url = base_url

    def write(self, row: Any, book: ShopBook, order: Any | None, lines: Sequence[Any]) -> Worded:
        """The letter of a message row; `order` and `lines` are rows, None and empty for a stock event.

        Raises:
            NotWorded: this message cannot be worded; it must not stop the others.
        """
        try:
            return self._write(row, book, order, lines)
        except OrderBellError as error:
            raise NotWorded(f"{error.code}: {error.sentence}") from error
        except _SLIPS as error:
            log.get("send").error("a message could not be worded", why=repr(error), exc_info=error)
            raise NotWorded(f"internal: {error!r}"[:1000]) from error

    def note(self, row: Any, book: ShopBook, order: Any | None, lines: Sequence[Any]) -> Worded:
        """As `write`, for a message that nobody takes away: it is worded whole when somebody looks at it.

        Raises:
            NotWorded: this message cannot be worded.
        """
        facts = facts_of(row, book, order, lines)
        wording = book.wordings.choose(row.event_type, row.audience, row.channel, row.locale)
        line = headline(wording, facts, NO_LINKS, locale=row.locale)
        if line is None:
            return self.write(row, book, order, lines)
        return Worded(Letter(subject=line), facts, wording.version_id, book.brand.version_id)

    def _write(self, row: Any, book: ShopBook, order: Any | None, lines: Sequence[Any]) -> Worded:
        facts = facts_of(row, book, order, lines)
        wording = book.wordings.choose(row.event_type, row.audience, row.channel, row.locale)
        letter = compose(
            wording, facts, book.brand, self.links(row, order), locale=row.locale, traits=CHANNELS[row.channel].traits
        )
        return Worded(letter, facts, wording.version_id, book.brand.version_id)

    def links(self, row: Any, order: Any | None) -> Links:
        """The links a message may carry; only the buyer's own mail holds the capability to see the goods."""
        url = self._base_url
        panel = f"{url}/panel/orders/{order.number}" if order else f"{url}/panel/products"
        if order is None or row.audience != "buyer":
            return Links(panel_url=panel)
        return Links(
            order_url=f"{url}/o/{self.order_token(order)}", payment_url=order.payment_url or "", panel_url=panel,
            unsubscribe_url=self._way_out(row),
        )  # fmt: skip

    def _way_out(self, row: Any) -> str:
        """What no order asked for must be easy to stop; news of an order has no such link (RFC 8058)."""
        if row.channel != "email" or wishes.topic_of(row.event_type, row.lane) != wishes.OFFERS:
            return ""
        return f"{self._base_url}/u/{self.letter_token(row.id)}"

    def letter_token(self, message_id: str) -> str:
        """The proof that somebody holds this message: it opens their notification settings, nothing else."""
        return self._signer.sign("letter", message_id)

    def sample_links(self, number: str = "", payment_url: str = "") -> Links:
        """Links for a preview: as long as real ones, and the buyer's leads to no order."""
        nobody = self._signer.sign("order", f"ord_{0:032x}", "0")
        return Links(
            order_url=f"{self._base_url}/o/{nobody}",
            panel_url=f"{self._base_url}/panel/orders/{number}",
            payment_url=payment_url or f"{self._base_url}/pay/{number}",
        )

    def order_token(self, order: Any) -> str:
        """The capability in a buyer's link: the order, and the generation that revoking raises."""
        return self._signer.sign("order", order.id, str(order.link_gen))


def facts_of(row: Any, book: ShopBook, order: Any | None, lines: Sequence[Any]) -> MessageFacts:
    """What is true now, without secrets and links; `row.facts` adds what the order does not tell."""
    extras = row.facts or {}
    if order is None:
        known: dict[str, Any] = {"event_type": row.event_type, "shop_name": book.name, "timezone": book.timezone}
        return msgspec.convert({**known, **extras}, MessageFacts)
    buyer = order.buyer
    return MessageFacts(
        event_type=row.event_type,
        shop_name=book.name,
        order_number=order.number,
        status=order.status,
        amount_minor=order.amount_minor,
        currency=order.currency,
        buyer_name=buyer.get("name") or "",
        buyer_contact=buyer.get("email") or buyer.get("phone") or buyer.get("contact") or "",
        items=tuple(
            Item(title=line.title or line.sku, quantity=line.quantity, price_minor=line.price_minor, sku=line.sku)
            for line in lines
        ),
        reason=extras.get("reason") or "",
        created_at=order.created_at,
        paid_at=order.paid_at,
        expires_at=order.expires_at,
        country=order.country or "",
        timezone=(buyer.get("timezone") if row.audience == "buyer" else None) or book.timezone,
        owed_pieces=extras.get("owed_pieces", 0),
        occurred_at=row.created_at,
    )
