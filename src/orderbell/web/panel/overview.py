"""The first page: how today goes, what needs a person, and the messages as they happen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, Template
from sqlalchemy import Connection, select

from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.runtime.house import House
from orderbell.store.schema import Shop
from orderbell.web import language
from orderbell.web.panel import chart, face, live, people, words
from orderbell.web.panel.chart import Series
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import overview as queries
from orderbell.web.panel.queries.overview import Overview

MOST_SERIES = 5


@get("/")
async def overview(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The panel's first page."""
    now = house.clock.now()
    seen = await face.look(house, staff, lambda tx: _read(tx, staff.shop_id, now))
    say, facts = language.words(request), seen.facts
    series, labels = _series(facts.hours, say), _labels(now, seen.frame.zone)
    return face.page(
        request, staff, seen, "overview", active="overview", series=series, hours=labels, now=now,
        drawing=chart.area(series, labels, _summary(series, labels, say)),
        change=_change(facts), feed=facts.feed, to=people.recipient, speed=live.speed, providers=facts.providers,
    )  # fmt: skip


def _read(tx: Connection, shop_id: str, now: datetime) -> Overview:
    zone = tx.execute(select(Shop.timezone).where(Shop.id == shop_id)).scalar_one()
    return queries.read(tx, shop_id, now=now, zone=zone)


def _series(hours: Mapping[str, Sequence[int]], say: Catalogue) -> list[Series]:
    """One curve a channel, the busiest first; the quiet ones together."""
    titles = face.channel_titles()
    busiest = sorted(hours, key=lambda kind: -sum(hours[kind]))
    series = [Series(name=say(titles.get(kind, kind)), values=tuple(hours[kind])) for kind in busiest[:MOST_SERIES]]
    rest = [hours[kind] for kind in busiest[MOST_SERIES:]]
    if rest:
        series.append(Series(name=say("Others"), values=tuple(map(sum, zip(*rest, strict=True)))))
    return series


def _labels(now: datetime, zone: str) -> list[str]:
    here = now.astimezone(ZoneInfo(zone))
    return [(here - timedelta(hours=queries.HOURS - 1 - n)).strftime("%H:00") for n in range(queries.HOURS)]


def _summary(series: Sequence[Series], labels: Sequence[str], say: Catalogue) -> str:
    """The chart in one sentence."""
    total = sum(each.total for each in series)
    if not total:
        return say("No messages in the last 24 hours.")
    sums = [sum(column) for column in zip(*(each.values for each in series), strict=True)]
    peak = max(range(len(sums)), key=sums.__getitem__)
    parts = ", ".join(f"{each.name} {each.total}" for each in series)
    return say(
        "{total} messages in the last 24 hours: {parts}. The busiest hour was {hour} with {most}.",
        total=total, parts=parts, hour=labels[peak], most=sums[peak],
    )  # fmt: skip


def _change(facts: Overview) -> float | None:
    """How much today differs from the whole of yesterday, as a share; None without a yesterday."""
    return facts.today.total / facts.yesterday.total - 1 if facts.yesterday.total else None


@get("/live", media_type="text/event-stream")
async def stream(request: AnyRequest, house: House, staff: StaffSeat, after: FromQuery[str] = "") -> ServerSentEvent:
    """The messages as they happen, drawn; a browser that comes back goes on after its Last-Event-ID."""
    since = request.headers.get("last-event-id") or after
    drawn = live.follow(house, staff.shop_id, since, _draw(request))
    return ServerSentEvent(_events(drawn))


def _draw(request: AnyRequest) -> live.Draw:
    engine: Any = request.app.template_engine
    template = engine.get_template("panel/feed_rows.html")

    def draw(rows: Sequence[Any], facts: live.Facts, *, fresh: bool) -> str:
        clock = face.clock_for(facts.zone)
        text: str = template.render(
            request=request, feed=rows, providers=facts.providers, titles=face.channel_titles(), to=people.recipient,
            words=words, speed=live.speed, fresh=fresh, clock=clock,
        )  # fmt: skip
        return " ".join(text.split("\n"))

    return draw


async def _events(drawn: AsyncIterator[live.Burst]) -> AsyncIterator[dict[str, Any]]:
    async for burst in drawn:
        yield {"event": "rows", "id": burst.last, "data": burst.html} if burst.html else {"comment": "still here"}


ROUTES = [overview, stream]
