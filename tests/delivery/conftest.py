"""Desks with real providers on loopback."""

from __future__ import annotations

import pytest
from tests.channels.conftest import HttpSink, SmtpSink, http_sink, smtp_sink
from tests.desk import Desk, desk

from orderbell.base.signing import new_webhook_secret
from orderbell.channels.base import Doubt, Markup, Traits
from orderbell.channels.directory import CHANNELS
from orderbell.channels.webhook import Webhook
from orderbell.delivery import accounts
from orderbell.domain.rules import RuleDraft, add_rule

__all__ = ["Desk", "HttpSink", "SmtpSink", "desk", "http_sink", "smtp_sink"]


@pytest.fixture
async def hooked(desk: Desk, http_sink: HttpSink) -> Desk:
    """A desk with an endpoint that hears of paid orders."""
    id_ = await desk.shop.add_account("webhook", url=http_sink.url)
    await desk.house.store.write(lambda tx: accounts.choose_events(tx, desk.shop.id, id_, ["order.paid"]))
    return desk


@pytest.fixture
async def mailing(desk: Desk, smtp_sink: SmtpSink) -> Desk:
    """A desk with a mail account and a card in stock."""
    port = str(smtp_sink.port)
    await desk.shop.add_account("email", host="127.0.0.1", port=port, security="none", from_address="shop@example.com")
    await desk.shop.stock("KEY-1")
    await desk.decide()
    return desk


class Robot(Webhook):
    """A channel as chat robots are: 20 messages a minute, and nobody knows a message again."""

    kind = "robot"
    title = "Robot"
    traits = Traits(markup=Markup.JSON, audiences=("staff",), per_minute=20, doubt=Doubt.BY_CLASS)


@pytest.fixture
async def chatting(desk: Desk, http_sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with a robot that hears of paid orders."""
    monkeypatch.setitem(CHANNELS, "robot", Robot)
    await desk.shop.add_account("robot", url=http_sink.url, secret=new_webhook_secret())
    draft = RuleDraft(name="Robot", trigger="order.paid", audience="staff", channels=["robot"])
    await desk.house.store.write(lambda tx: add_rule(tx, desk.shop.id, draft, now=desk.clock.now()))
    return desk
