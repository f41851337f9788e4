"""The team: who works here in which role, who is invited, and what each role may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template
from sqlalchemy import Connection

from orderbell.base.errors import BadInput, Conflict, OrderBellError
from orderbell.delivery import inviting
from orderbell.domain import factor, invitations, roles
from orderbell.domain import staff as people
from orderbell.domain import team as domain
from orderbell.domain.invitations import Invited
from orderbell.domain.staff import StaffSeat
from orderbell.domain.team import Member
from orderbell.messages import invitation
from orderbell.runtime.house import House
from orderbell.web import guards, language
from orderbell.web.panel import face, undo, words
from orderbell.web.panel.face import AnyRequest, Form

HOME = "/panel/team"
TEAM = [guards.deed("team")]
ROLE_WORDS = {
    "owner": "May do everything, also what concerns people, keys and money.",
    "manager": "Runs the shop day by day: goods, texts, channels, settings. No team, no API keys.",
    "support": "Serves buyers: orders, messages, resending, replacing a card. No settings.",
    "finance": "Sees the money, decides on refunds, takes lists along. Never sees a card.",
    "viewer": "Looks only; buyers' addresses are masked.",
}
AREAS: Sequence[tuple[str, str, str]] = (
    ("Orders and refunds", "see_orders", "decide"),
    ("Messages", "see_messages", "send"),
    ("Customers' whole addresses", "see_contacts", ""),
    ("Money", "see_money", ""),
    ("Products and stock", "see_goods", "goods"),
    ("Seeing and replacing cards", "", "reveal"),
    ("Automations", "see_rules", "rules"),
    ("Texts", "see_texts", "texts"),
    ("Brand", "see_texts", "brand"),
    ("Channels", "see_channels", "channels"),
    ("Settings and shops", "", "settings"),
    ("System health", "", "health"),
    ("Exports", "", "export"),
    ("Audit trail", "audit", ""),
    ("API keys", "", "keys"),
    ("Team", "", "team"),
)
"""Word, the deed of seeing, the deed of doing; an empty one: there is no such half."""


@dataclass(frozen=True, kw_only=True)
class Team:
    """What the page shows."""

    members: list[Member]
    invited: list[Invited]
    factor_needed: bool
    my_factor: bool


def cell(role: str, see: str, do: str) -> str:
    """What a role may in an area: `does`, `sees` or nothing."""
    if do and roles.may(role, do):
        return "does"
    return "sees" if see and roles.may(role, see) else ""


@get("/team", guards=TEAM)
async def listing(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Everybody, the invitations, the table of roles."""
    return await _draw(request, house, staff)


@post("/team/invite", guards=TEAM)
async def invite(request: AnyRequest, house: House, staff: StaffSeat) -> Template:
    """Invite somebody; the link is on the page that answers, and nowhere again."""
    form, now = await request.form(), house.clock.now()
    email, role = str(form.get("email") or "").strip()[:320], str(form.get("role") or "")
    try:
        _, token = await house.store.write(
            lambda tx: invitations.invite(tx, staff.shop_id, email=email, role=role, by=staff.staff_id, now=now)
        )
    except OrderBellError as error:
        return await _draw(request, house, staff, form=form, error=error)
    link = f"{house.settings.base_url}/panel/join/{token}"
    book = await house.store.read(lambda tx: house.books.one(tx, staff.shop_id))
    locale = language.of(request)
    letter = invitation.letter(book.brand, link=link, by=staff.name, role=words.ROLES[role], locale=locale)
    went = await inviting.send(book, house.channels, letter, email)
    return await _draw(request, house, staff, link=link, went=went, to=email)


@post("/team/invitations/{invitation_id:str}/revoke", guards=TEAM)
async def revoke(house: House, staff: StaffSeat, invitation_id: FromPath[str]) -> Redirect:
    """Call an invitation back."""
    now, by = house.clock.now(), staff.staff_id
    await house.store.write(lambda tx: invitations.revoke(tx, staff.shop_id, invitation_id, by=by, now=now))
    back = undo.offer(house, staff, f"{HOME}/invitations/{invitation_id}/restore")
    return face.go(HOME, "invitation_revoked", undo=back)


@post("/team/invitations/{invitation_id:str}/restore", guards=TEAM)
async def restore(house: House, staff: StaffSeat, invitation_id: FromPath[str]) -> Redirect:
    """The undo of it."""
    now, by = house.clock.now(), staff.staff_id
    await house.store.write(lambda tx: invitations.restore(tx, staff.shop_id, invitation_id, by=by, now=now))
    return face.go(HOME, "taken_back")


@post("/team/{staff_id:str}/role", guards=TEAM)
async def change_role(
    request: AnyRequest, house: House, staff: StaffSeat, staff_id: FromPath[str]
) -> Redirect | Template:  # fmt: skip
    """Give somebody another role."""
    role, now, by = str((await request.form()).get("role") or ""), house.clock.now(), staff.staff_id
    try:
        before = await house.store.write(
            lambda tx: domain.change_role(tx, staff.shop_id, staff_id, role, by=by, now=now)
        )
    except (BadInput, Conflict) as error:
        return await _draw(request, house, staff, error=error)
    if before == role:
        return face.go(HOME)
    # Whoever gave the team away cannot take that back themselves.
    back = undo.offer(house, staff, f"{HOME}/{staff_id}/role", role=before) if staff_id != by else ""
    return face.go(HOME if staff_id != by or roles.may(role, "team") else "/panel", "role_changed", undo=back)


@post("/team/{staff_id:str}/disable", guards=TEAM)
async def disable(
    request: AnyRequest, house: House, staff: StaffSeat, staff_id: FromPath[str]
) -> Redirect | Template:  # fmt: skip
    """Close somebody's door; all their browsers are signed out."""
    now, by = house.clock.now(), staff.staff_id
    try:
        if staff_id == by:
            raise Conflict("You cannot close your own access; another owner can.", code="not_yourself")
        await house.store.write(lambda tx: people.disable_staff(tx, staff.shop_id, staff_id, by=by, now=now))
    except Conflict as error:
        return await _draw(request, house, staff, error=error)
    return face.go(HOME, "disabled", undo=undo.offer(house, staff, f"{HOME}/{staff_id}/enable"))


@post("/team/{staff_id:str}/enable", guards=TEAM)
async def enable(house: House, staff: StaffSeat, staff_id: FromPath[str]) -> Redirect:
    """Open it again."""
    now, by = house.clock.now(), staff.staff_id
    await house.store.write(lambda tx: domain.enable(tx, staff.shop_id, staff_id, by=by, now=now))
    return face.go(HOME, "enabled")


@post("/team/{staff_id:str}/link", guards=TEAM)
async def make_link(request: AnyRequest, house: House, staff: StaffSeat, staff_id: FromPath[str]) -> Template:
    """A one-time way in for a colleague who forgot the password; ten minutes, shown once."""
    now, by = house.clock.now(), staff.staff_id

    def deed(tx: Connection) -> tuple[str, StaffSeat]:
        token = people.make_sign_in_link(tx, staff.shop_id, staff_id, by=by, now=now)
        return token, people.seat_of(tx, staff.shop_id, staff_id)

    token, seat = await house.store.write(deed)
    return await _draw(
        request, house, staff, link=f"{house.settings.base_url}/panel/enter/{token}", went="sign_in", to=seat.name
    )


@post("/team/{staff_id:str}/second-factor/off", guards=TEAM)
async def factor_off(house: House, staff: StaffSeat, staff_id: FromPath[str]) -> Redirect:
    """Take a colleague's second step away, for the day the phone is lost."""
    now, by = house.clock.now(), staff.staff_id

    def deed(tx: Connection) -> None:
        factor.switch_off(tx, people.seat_of(tx, staff.shop_id, staff_id), by=by, now=now)

    await house.store.write(deed)
    return face.go(HOME, "factor_off")


@post("/team/second-factor", guards=TEAM)
async def need_factor(request: AnyRequest, house: House, staff: StaffSeat) -> Redirect | Template:
    """Want a second step of everybody, or no longer."""
    now, by, on = house.clock.now(), staff.staff_id, bool((await request.form()).get("on"))
    try:
        await house.store.write(lambda tx: domain.need_factor(tx, staff.shop_id, on, by=by, now=now))
    except Conflict as error:
        return await _draw(request, house, staff, error=error)
    return face.go(HOME, "factor_needed" if on else "factor_free")


async def _draw(
    request: AnyRequest, house: House, staff: StaffSeat, *, form: Form | None = None,
    error: OrderBellError | None = None, **facts: str,
) -> Template:  # fmt: skip
    now = house.clock.now()

    def read(tx: Connection) -> Team:
        return Team(
            members=domain.members(tx, staff.shop_id), invited=invitations.waiting(tx, staff.shop_id, now=now),
            factor_needed=factor.is_needed(tx, staff.shop_id), my_factor=factor.find(tx, staff) is not None,
        )  # fmt: skip

    seen = await face.look(house, staff, read)
    shown = {"link": "", "went": "", "to": "", **facts}
    return face.page(
        request, staff, seen, "team", status=error.status if error else 200, active="team", values=form or {},
        wrong=face.wrong(error) if error else None, roles=roles.ROLES, role_words=ROLE_WORDS, areas=AREAS, cell=cell,
        now=now, **shown,
    )  # fmt: skip


ROUTES = [
    listing, invite, revoke, restore, change_role, disable, enable, make_link, factor_off, need_factor
]  # fmt: skip
