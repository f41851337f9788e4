"""The first page: how today goes, what needs a person, and the messages as they happen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from litestar import get
from litestar.params import FromQuery, QueryParameter
from litestar.response import ServerSentEvent, Template
from sqlalchemy import Connection, select

from orderbell.domain import first_run
from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.runtime.house import House
from orderbell.store.schema import Shop
from orderbell.web import language
from orderbell.web.panel import chart, face, live, people, words
from orderbell.web.panel.chart import Picture, Series
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.first_run import WORDS as FIRST_WORDS
from orderbell.web.panel.queries import overview as queries
from orderbell.web.panel.queries.overview import Overview

MOST_SERIES = 5
QUIET: Mapping[str, str] = {
    "24h": "No messages in the last 24 hours.",
    "7d": "No messages in the last 7 days.",
    "30d": "No messages in the last 30 days.",
}
BUSY: Mapping[str, str] = {
    "24h": "{total} messages in the last 24 hours: {parts}. The busiest hour was {peak} with {most}.",
    "7d": "{total} messages in the last 7 days: {parts}. The busiest day was {peak} with {most}.",
    "30d": "{total} messages in the last 30 days: {parts}. The busiest day was {peak} with {most}.",
}


@get("/")
async def overview(
    request: AnyRequest, house: House, staff: StaffSeat, range_: Annotated[str, QueryParameter(name="range")] = "24h"
) -> Template:
    """The panel's first page; htmx asks for the chart alone when another range is chosen."""
    now, span = house.clock.now(), range_ if range_ in queries.RANGES else "24h"
    seen = await face.look(house, staff, lambda tx: _read(tx, staff.shop_id, now, span))
    facts, say = seen.facts, language.words(request)
    name = "overview_chart" if face.part_for(request) == "chart" else "overview"
    return face.page(
        request, staff, seen, name, active="overview", span=span, now=now, picture=_picture(facts, span, say),
        change=_change(facts), feed=facts.feed, to=people.recipient, speed=live.speed, providers=facts.providers,
        took=_took, steps=first_run.STEPS, first_words=FIRST_WORDS,
    )  # fmt: skip


def _read(tx: Connection, shop_id: str, now: datetime, span: str) -> Overview:
    zone = tx.execute(select(Shop.timezone).where(Shop.id == shop_id)).scalar_one()
    return queries.read(tx, shop_id, now=now, zone=zone, range_=span)


def _picture(facts: Overview, span: str, say: Catalogue) -> Picture:
    """Hours as curves, days as columns."""
    form = "%m-%d" if queries.RANGES[span] else "%H:00"
    labels = [start.strftime(form) for start in facts.starts]
    series = _series(facts.columns, say)
    draw = chart.bars if queries.RANGES[span] else chart.area
    return draw(series, labels, _summary(series, labels, span, say))


def _series(columns: Mapping[str, Sequence[int]], say: Catalogue) -> list[Series]:
    """One curve a channel, the busiest first; the quiet ones together."""
    titles = face.channel_titles()
    busiest = sorted(columns, key=lambda kind: -sum(columns[kind]))
    series = [Series(name=say(titles.get(kind, kind)), values=tuple(columns[kind])) for kind in busiest[:MOST_SERIES]]
    rest = [columns[kind] for kind in busiest[MOST_SERIES:]]
    if rest:
        series.append(Series(name=say("Others"), values=tuple(map(sum, zip(*rest, strict=True)))))
    return series


def _summary(series: Sequence[Series], labels: Sequence[str], span: str, say: Catalogue) -> str:
    """The chart in one sentence."""
    total = sum(each.total for each in series)
    if not total:
        return say(QUIET[span])
    sums = [sum(column) for column in zip(*(each.values for each in series), strict=True)]
    peak = max(range(len(sums)), key=sums.__getitem__)
    parts = ", ".join(f"{each.name} {each.total:,}" for each in series)
    return say(BUSY[span], total=f"{total:,}", parts=parts, peak=labels[peak], most=f"{sums[peak]:,}")


def _change(facts: Overview) -> float | None:
    """How much today differs from yesterday at the same time of day, as a share; None without a yesterday."""
    return facts.today.total / facts.yesterday.total - 1 if facts.yesterday.total else None


def _took(span_ms: float) -> tuple[str, str]:
    """A span as people read it: the number and its unit."""
    return (f"{span_ms:.0f}", " ms") if span_ms < 1000 else (f"{span_ms / 1000:.1f}", " s")


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
