"""The audit trail: who did what and when, whether the chain is whole, and the same as a table to take along."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Template
from sqlalchemy import Connection

from orderbell.domain import audit
from orderbell.domain.audit import Verdict
from orderbell.domain.staff import StaffSeat
from orderbell.messages.i18n import Catalogue
from orderbell.runtime import heads
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import differences, face
from orderbell.web.panel.face import AnyRequest, Form
from orderbell.web.panel.queries import trail as queries
from orderbell.web.panel.queries.trail import TrailWish

HOME = "/panel/audit"
LOOK = [guards.deed("audit")]
CHECKED_UNASKED = 5_000
"""A longer trail is read whole only when somebody presses the button."""
ACTIONS: Mapping[str, str] = {
    "brand.saved": "Changed the brand",
    "card.reissue": "Replaced a card",
    "cards.import": "Imported cards",
    "cards.put_back": "Put cards back into the stock",
    "cards.set_aside": "Set cards aside after a restore",
    "cards.written_off": "Wrote cards off",
    "first_run.away": "Put the first steps away or brought them back",
    "first_run.introduced": "Introduced themselves",
    "first_run.step": "Took a first step",
    "data_key.changed": "Began a new data key",
    "data_key.rewrapped": "Closed the data keys with a new wrapping key",
    "event.again": "Worked through an event again",
    "inbox.origins": "Chose which pages may show the inbox",
    "key.created": "Made an API key",
    "key.revoked": "Revoked an API key",
    "message.again": "Let stuck messages go again",
    "message.called_off": "Called a repeated message off",
    "message.let_be": "Took stuck messages out of the way",
    "message.resend": "Sent a message again",
    "messages.exported": "Took messages along as a table",
    "messages.resend_stopped": "Stopped a bulk resend",
    "messages.resent": "Sent many messages again",
    "orders.exported": "Took orders along as a table",
    "customers.exported": "Took customers along as a table",
    "orders.mass_expiry": "Many orders expired at once",
    "product.added": "Added a product",
    "product.archived": "Archived a product",
    "product.changed": "Changed a product",
    "product.text_set": "Set the text of a product",
    "provider.added": "Added a channel account",
    "provider.changed": "Changed a channel account",
    "provider.removed": "Removed a channel account",
    "provider.switched_off": "Switched a channel account off",
    "provider.switched_on": "Switched a channel account on",
    "provider.tested": "Sent a test message",
    "restore.confirmed": "Let the shop go on after a restore",
    "rule.added": "Added a rule",
    "rule.changed": "Changed a rule",
    "rule.removed": "Removed a rule",
    "rules.quiet_set": "Set the quiet hours",
    "rules.set_chosen": "Chose a ready-made set of notices",
    "rules.undone": "Took a change of the rules back",
    "shop.changed": "Changed the shop's settings",
    "source.added": "Connected a shop system",
    "source.changed": "Changed a shop connection",
    "source.paused": "Paused a shop connection",
    "source.removed": "Removed a shop connection",
    "source.resumed": "Resumed a shop connection",
    "key.rotated": "Replaced an API key",
    "staff.added": "Added a colleague",
    "staff.changed": "Changed the own account",
    "staff.code_refused": "Showed a wrong code",
    "staff.code_taken": "Signed in with a code",
    "staff.codes_renewed": "Made new recovery codes",
    "staff.enabled": "Opened a colleague's access again",
    "staff.factor_off": "Switched a second step off",
    "staff.factor_on": "Switched the second step on",
    "staff.invitation_restored": "Took the calling back of an invitation back",
    "staff.invitation_revoked": "Called an invitation back",
    "staff.invited": "Invited a colleague",
    "staff.joined": "Came by an invitation",
    "staff.role_changed": "Changed a role",
    "staff.session_ended": "Signed one browser out",
    "staff.sessions_ended": "Signed all other browsers out",
    "team.factor_needed": "Changed who needs a second step",
    "staff.disabled": "Closed a colleague's access",
    "staff.link_made": "Made a sign-in link",
    "staff.link_used": "Used a sign-in link",
    "staff.password_set": "Set a password",
    "staff.signed_in": "Signed in",
    "staff.signed_out": "Signed out",
    "task.closed": "Closed a task",
    "template.draft_back": "Brought a text's draft back",
    "template.draft_dropped": "Threw a text's draft away",
    "template.reverted": "Let an earlier text count again",
    "template.saved": "Published a text",
    "template.tested": "Sent a text to oneself as a test",
    "trail.exported": "Took the audit trail along as a table",
}
ACTORS: Mapping[str, str] = {"system": "OrderBell itself", "cli": "Command line", "buyer": "The buyer"}
SPANS: Mapping[str, str] = {"1": "The last 24 hours", "7": "The last 7 days", "30": "The last 30 days"}
STATES: Mapping[str, str] = {
    "gap": "A row is missing before place {at}. Somebody took it out of the database.",
    "changed": "The row at place {at} was changed in the database after it was written.",
    "cut": "The end of the trail is gone from place {at} on.",
    "not_the_seen": "The row at place {at} is not the one that was noted outside the database: somebody rewrote it.",
}


@get("/audit", guards=LOOK)
async def listing(
    request: AnyRequest, house: House, staff: StaffSeat, *, q: FromQuery[str] = "", actor: FromQuery[str] = "",
    action: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """The trail; the address keeps every filter."""
    asked = request.query_params
    span = asked.get("span", "")
    wish = TrailWish(
        q=q[:120].strip(), actor=actor, action=action, before=asked.get("before", ""),
        since=_since(span, house.clock.now()),
    )  # fmt: skip
    seen = await face.look(
        house, staff, lambda tx: (queries.find(tx, staff.shop_id, wish), audit.head_of(tx, staff.shop_id))
    )
    found, head = seen.facts
    part = face.part_for(request) == "results"
    wanted = not part and (head.seq <= CHECKED_UNASKED or bool(asked.get("check")))
    verdict, kept = await heads.verify(house, staff.shop_id) if wanted else (None, None)
    page = face.page(
        request, staff, seen, "trail_part" if part else "trail", active="audit", found=found, wish=wish, span=span,
        head=head, verdict=verdict, kept=kept.of(staff.shop_id) if kept else [], state=_state(verdict),
        actions=ACTIONS, actors=ACTORS, tell=partial(differences.tell, say=language.words(request)), spans=SPANS,
        may_export=staff.may("export"),
    )  # fmt: skip
    if part:
        page.headers["hx-push-url"] = _address(wish, span)
    return page


@post("/audit/export", guards=[guards.deed("audit"), guards.deed("export")])
async def export(request: AnyRequest, house: House, staff: StaffSeat) -> Response[bytes]:
    """The filtered trail as CSV; that somebody took it along is a row of the trail."""
    form, now, say = await request.form(), house.clock.now(), language.words(request)
    wish = TrailWish(
        q=_text(form, "q"),
        actor=_text(form, "actor"),
        action=_text(form, "action"),
        since=_since(_text(form, "span"), now),
    )

    def deed(tx: Connection) -> bytes:
        audit.note(tx, staff.shop_id, actor=staff.staff_id, action="trail.exported", object=staff.shop_id, now=now)
        names = queries.names(tx, staff.shop_id)
        return sheet([[*_line(row, names, say)] for row in queries.everything(tx, staff.shop_id, wish)])

    headers = {"content-disposition": 'attachment; filename="orderbell-audit.csv"'}
    return Response(
        await house.store.write(deed), media_type="text/csv; charset=utf-8", headers=headers, status_code=200
    )


def sheet(rows: list[list[str]]) -> bytes:
    """Rows as CSV that spreadsheets open rightly; no cell is ever taken for a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(("place", "at", "actor", "name", "action", "object", "ip", "detail", "hash"))
    table.writerows([safe_cell(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def safe_cell(cell: str) -> str:
    """A cell that cannot begin a formula (OWASP, CSV injection, read 2026-11-22): such a one gets a quote in front."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


def _line(row: Any, names: Mapping[str, str], say: Catalogue) -> tuple[str, ...]:
    return (
        str(row.seq), row.at.isoformat(), row.actor, names.get(row.actor, ""), row.action, row.object, row.ip or "",
        differences.line(row.detail, say), row.hash,
    )  # fmt: skip


def _state(verdict: Verdict | None) -> str:
    return STATES.get(verdict.why, "") if verdict else ""


def _text(form: Form, name: str) -> str:
    return str(form.get(name) or "").strip()[:120]


def _since(span: str, now: datetime) -> datetime | None:
    return now - timedelta(days=int(span)) if span in SPANS else None


def _address(wish: TrailWish, span: str) -> str:
    asked = {"q": wish.q, "actor": wish.actor, "action": wish.action, "span": span}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{HOME}?{query}" if query else HOME


ROUTES = [listing, export]
