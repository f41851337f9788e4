"""The living style guide: every component in every state, drawn by the same macros as the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from litestar import get
from litestar.response import Template

from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.runtime.house import House
from orderbell.web import language
from orderbell.web.panel import chart, face, figures, words
from orderbell.web.panel.chart import Series
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.figures import Band
from orderbell.web.panel.steps import Step
from orderbell.web.panel.undo import Undo

# A moment that never moves, so that the page looks the same at every visit and a test can hold it against itself.
THEN = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
HOURS = tuple(f"{hour:02}:00" for hour in range(24))
MAILS = (2, 1, 0, 0, 1, 3, 8, 14, 22, 31, 36, 40, 44, 41, 38, 37, 33, 29, 26, 30, 34, 22, 12, 6)
INBOX = (1, 0, 0, 0, 0, 2, 4, 9, 12, 18, 20, 22, 21, 24, 20, 17, 16, 18, 19, 21, 17, 12, 7, 3)


@get("/style-guide")
async def style_guide(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """All components on one page."""
    say = language.words(request)
    seen = await face.look(house, staff, lambda tx: None)
    series = [Series(name=say("E-mail"), values=MAILS), Series(name=say("In-app inbox"), values=INBOX)]
    summary = say("An example: two channels over one day, the busiest hour at noon.")
    return face.page(
        request, staff, seen, "style_guide", active="", then=THEN, steps=_steps(say),
        area=chart.area(series, HOURS, summary), bars=chart.bars(series, HOURS, summary),
        spark=figures.spark(MAILS, summary, "good"), interval=_interval(say), fan=_fan(say),
        an_undo=Undo("/panel/sign-out", {}), signs=[words.MESSAGE, words.ORDER, words.FLAGS],
        shown_wrong={"field": "sample-wrong", "sentence": words.WRONG["required"]},
    )  # fmt: skip


def _steps(say: Catalogue) -> list[Step]:
    seen = (("order.paid", "is-good"), ("order.delivered", "is-good"), ("payment.failed", "is-bad"))
    told = [
        Step(heading=say(words.event_word(type_)), at=THEN + timedelta(seconds=3 * n), text=type_, tone=tone)
        for n, (type_, tone) in enumerate(seen)
    ]
    retry = Step(heading=say("Retrying"), at=THEN + timedelta(seconds=30), words="451 4.7.1 Greylisted", tone="is-warn")
    return [*told, retry, Step(heading=say("Not sent"), at=None, text=say(words.REASONS["superseded"]), tone="is-not")]


def _interval(say: Catalogue) -> str:
    return figures.interval(0.9, 2.4, 4.1, least=-2, most=6, mark=0, summary=say("An example: 0.9 to 4.1, likely 2.4."))


def _fan(say: Catalogue) -> str:
    past = (48, 44, 41, 35, 32, 27, 22, 20)
    coming = (17, 14, 11, 8, 5, 2)
    bands = [
        Band(low=[max(0, each - 3 * (n + 1)) for n, each in enumerate(coming)],
             high=[each + 3 * (n + 1) for n, each in enumerate(coming)]),
        Band(low=[max(0, each - n - 1) for n, each in enumerate(coming)],
             high=[each + n + 1 for n, each in enumerate(coming)]),
    ]  # fmt: skip
    return figures.fan(
        past, coming, bands, level=5, summary=say("An example: the stock sinks to the mark in four days.")
    )


ROUTES = [style_guide]
