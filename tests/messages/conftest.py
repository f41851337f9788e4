"""The small cast of these tests: a shop in a real SQLite database, traits of each kind of channel, a mean buyer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, insert

from orderbell.channels.base import Letter, Markup, Traits
from orderbell.messages.brand import Brand
from orderbell.messages.compose import compose
from orderbell.messages.facts import MessageFacts
from orderbell.messages.samples import sample_facts, sample_links
from orderbell.messages.templates import STOCK_ONLY
from orderbell.store.schema import METADATA
from orderbell.store.tables.shops import Shop

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TRAITS = {
    "email": Traits(markup=Markup.HTML, subject=True),
    "inbox": Traits(markup=Markup.PLAIN),
    "push": Traits(markup=Markup.PLAIN, max_chars=300),
    "sms": Traits(markup=Markup.PLAIN, max_chars=500),
    "wechat": Traits(markup=Markup.PLAIN, max_chars=200),
    "dingtalk": Traits(markup=Markup.MARKDOWN, buttons=True),
    "telegram": Traits(markup=Markup.MARKDOWN),
    "webhook": Traits(markup=Markup.JSON),
}
Send = Callable[..., Letter]


@pytest.fixture
def tx() -> Iterator[Connection]:
    """A database with two shops."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        for shop_id in ("shp_a", "shp_b"):
            connection.execute(
                insert(Shop).values(
                    id=shop_id, name=f"Shop {shop_id[-1]}", locale="zh-CN", timezone="Asia/Shanghai",
                    currency="CNY", data_key=b"", settings={}, created_at=NOW,
                )
            )  # fmt: skip
        yield connection


@pytest.fixture
def word() -> Send:
    """Compose the stock letter of one event."""

    def send(event_type: str, channel: str, *, locale: str = "en", audience: str = "buyer",
             facts: MessageFacts | None = None, brand: Brand | None = None) -> Letter:  # fmt: skip
        return compose(
            STOCK_ONLY.choose(event_type, audience, channel, locale),
            facts or sample_facts(event_type, locale),
            brand or Brand(name="Galaxy"),
            sample_links(),
            locale=locale,
            traits=TRAITS[channel],
        )

    return send
