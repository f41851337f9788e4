"""System health for people: what waits and for how long, what is stuck and the button for it, what runs here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from litestar import get, post
from litestar.response import Redirect, Template
from markupsafe import Markup

from orderbell.base import metrics
from orderbell.delivery import stuck
from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.runtime import vitals
from orderbell.runtime.house import House
from orderbell.runtime.vitals import Vitals
from orderbell.store.backlog import Backlog
from orderbell.web import guards, language
from orderbell.web.panel import face, words
from orderbell.web.panel.face import AnyRequest
from orderbell.web.panel.queries import health as queries
from orderbell.web.panel.queries.health import Health

HOME = "/panel/health"
SETTINGS = [guards.deed("health")]
MEND = [guards.deed("health"), guards.deed("decide")]
KINDS: Mapping[str, tuple[str, str]] = {
    "event": ("Events to decide", "inbox"),
    "message": ("Messages to send", "send"),
    "timer": ("Timers", "clock"),
}
CHECKS: Mapping[str, str] = {
    "database": "Database",
    "disk": "Disk",
    "key": "Key file",
    "worker": "Worker",
    "sender": "Sender",
    "clock": "Clock",
    "not_paused": "Going on",
}
SLOW_S = 60.0
"""Due work that waited longer than this deserves a look."""
_BAR = Markup('<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>')
_PIECE = Markup('<rect class="{}" x="{:.2f}" y="0" width="{:.2f}" height="4"/>')


@dataclass(frozen=True, kw_only=True)
class Line:
    """One queue as a line for people."""

    name: str
    icon: str
    words: str
    tone: str


@get("/health", guards=SETTINGS)
async def health(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """The page; htmx asks every few seconds for its inside."""
    now, own = house.clock.now(), request.app.state.vitals
    seen = await face.look(house, staff, lambda tx: queries.read(tx, staff.shop_id, now=now))
    say, part = language.words(request), face.part_for(request) == "health"
    return face.page(
        request, staff, seen, "health_part" if part else "health", active="health", now=now,
        checks=await own.checks(), names=CHECKS, lines=_lines(seen.facts.facts.backlog, say),
        outcomes=_outcomes(seen.facts), bar=_bar(seen.facts, say), engine=_engine(house, own, now, say),
        age=lambda at: age((now - at).total_seconds(), say), oldest=_oldest(seen.facts.facts.backlog, say),
        most_tries=queries.MOST_TRIES, stuck_words=_stuck_words, size=size, version=vitals.own_version(),
    )  # fmt: skip


@post("/health/again", guards=MEND)
async def again(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Set all that is stuck for one reason going again."""
    form, now = await request.form(), house.clock.now()
    kind, reason = str(form.get("kind") or ""), str(form.get("reason") or "")
    await house.store.write(lambda tx: stuck.again(tx, staff.shop_id, kind, reason, by=staff.staff_id, now=now))
    house.wake()
    return face.go(HOME, "again")


@post("/health/let-be", guards=MEND)
async def let_be(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect:
    """Take the messages that are stuck for one reason out of the way, unsent."""
    form, now = await request.form(), house.clock.now()
    reason = str(form.get("reason") or "")
    await house.store.write(lambda tx: stuck.let_be(tx, staff.shop_id, reason, by=staff.staff_id, now=now))
    return face.go(HOME, "closed")


def age(seconds: float, say: Catalogue) -> str:
    """How long something lasts, as people say it."""
    if seconds < 1:
        return say("less than 1 s")
    if seconds < 120:
        return say("{n} s", n=int(seconds))
    if seconds < 2 * 3600:
        return say("{n} min", n=int(seconds // 60))
    return say("{n} h", n=int(seconds // 3600)) if seconds < 48 * 3600 else say("{n} days", n=int(seconds // 86400))


def size(many_bytes: int) -> str:
    """Bytes as people read them."""
    value = float(many_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit in ("B", "KB") else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TB"


def _lines(found: Backlog, say: Catalogue) -> list[Line]:
    """A line for each lane; timers know no hurry, so theirs are one."""
    lines = []
    for kind, (name, icon) in KINDS.items():
        lanes = [queue for queue in found.queues if queue.kind == kind]
        for group in [lanes] if kind == "timer" else [[queue] for queue in lanes]:
            waited_s = max(queue.oldest_s(found.at) for queue in group)
            counts = [sum(getattr(queue, each) for queue in group) for each in ("due", "in_hand", "later")]
            title = say(name) if kind == "timer" else f"{say(name)} · {say(words.LANES[group[0].lane])}"
            tone = "warn" if waited_s > SLOW_S else "good"
            lines.append(Line(name=title, icon=icon, words=_waits(counts, waited_s, say), tone=tone))
    return lines


def _waits(counts: Sequence[int], waited_s: float, say: Catalogue) -> str:
    due, in_hand, later = counts
    waits = say.plural("{n} waits, for {age}", "{n} wait, the oldest for {age}", due, age=age(waited_s, say))
    parts = [waits if due else say("nothing waits")]
    if in_hand:
        parts.append(say("{n} in hand", n=in_hand))
    if later:
        parts.append(say("{n} for later", n=later))
    return " · ".join(parts)


def _oldest(found: Backlog, say: Catalogue) -> str:
    waited_s = max(queue.oldest_s(found.at) for queue in found.queues)
    return age(waited_s, say) if waited_s else "–"


def _outcomes(seen: Health) -> Sequence[tuple[str, int]]:
    """How tries ended, the most frequent first."""
    found: Counter[str] = Counter()
    for (_, outcome), count in seen.tries.items():
        found[outcome] += count
    return found.most_common()


def _bar(seen: Health, say: Catalogue) -> Markup:
    """The outcomes as one line of colours, and in words for who cannot see it."""
    at, pieces, told = 0.0, [], []
    for outcome, count in _outcomes(seen):
        sign, width = words.outcome_sign(outcome), 100 * count / seen.tried
        pieces.append(_PIECE.format(sign.tone, at, width))
        told.append(f"{say(sign.word)} {count}")
        at += width
    return _BAR.format(", ".join(told), Markup("").join(pieces))


def _engine(house: House, own: Vitals, now: datetime, say: Catalogue) -> Sequence[tuple[str, str]]:
    """What runs here, in pairs of word and value."""
    commits, together = metrics.mean(metrics.COMMIT_SIZE)
    took_ms = metrics.mean(metrics.COMMIT_SECONDS)[1] * 1000
    return (
        (say("Running for"), age((now - own.started_at).total_seconds(), say)),
        (say("Engine"), "NATS JetStream" if house.settings.engine_url else say("built in")),
        (say("Disk, free"), size(vitals.disk_free_bytes(house))),
        (say("Memory"), size(vitals.memory_bytes())),
        (say("Python"), vitals.python_words()),
        (say("Commits since start"), f"{commits:,}"),
        (say("Transactions a commit"), f"{together:.1f}"),
        (say("A commit takes"), f"{took_ms:.1f} ms"),
        (say("Waiting for the database"), f"{house.store.waiting():,}"),
    )


def _stuck_words(kind: str, reason: str) -> str:
    return words.reason_word(reason) if kind == "message" else reason


ROUTES = [health, again, let_be]
