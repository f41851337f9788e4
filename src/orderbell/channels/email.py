"""E-mail over any SMTP account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar

from email_validator import EmailNotValidError, validate_email

from orderbell.base.clock import SystemClock
from orderbell.base.errors import BadInput
from orderbell.base.http import NotAllowedTarget, check_host
from orderbell.channels.base import (
    Address,
    Doubt,
    Draft,
    Letter,
    Markup,
    Refused,
    SendFailed,
    Setting,
    Taken,
    Traits,
    TryLater,
    Unsure,
)
from orderbell.channels.mime import Mail, build, clean, is_address
from orderbell.channels.smtp import Account, SmtpLost, SmtpRefused, Step
from orderbell.channels.smtp_pool import Pool

SECURITIES = ("starttls", "tls", "none")
_NOBODY = "orders@shop.invalid"
_UNFIT_FOR_ID = re.compile(r"[^A-Za-z0-9_-]")
_BLAME = {Step.CONNECT: "config", Step.SENDER: "config", Step.READER: "recipient", Step.CONTENT: "content"}
# Some servers say only at the reader that we should have signed in or may not relay (RFC 4954; Postfix, Exim).
_MUST_SIGN_IN = frozenset({530, 534, 535, 538})
_TOO_LARGE = 552
_NO_RELAY = re.compile(r"\brelay", re.IGNORECASE)


class Email:
    """A mail account. Mails carry the same Message-ID on every try, so that readers show a repetition once."""

    kind: ClassVar[str] = "email"
    title: ClassVar[str] = "E-mail"
    traits: ClassVar[Traits] = Traits(markup=Markup.HTML, address="email", subject=True, doubt=Doubt.BY_CLASS)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(name="host", label="Mail server", required=True, help="For example smtp.example.com."),
        Setting(name="port", label="Port", kind="number", required=True, default="587"),
        Setting(name="security", label="Encryption", kind="choice", default="starttls", choices=SECURITIES),
        Setting(name="username", label="User name", help="Empty when the server asks for none."),
        Setting(name="password", label="Password or app code", kind="secret"),
        Setting(name="from_address", label="Sender address", required=True),
        Setting(name="reply_to", label="Reply address", help="Empty means the sender address."),
    )

    def __init__(self, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        self._from = values.get("from_address", "") or _NOBODY
        self._reply_to = values.get("reply_to", "")
        self._clock = SystemClock()
        self._account = Account(
            host=values.get("host", ""),
            port=_port(values.get("port", "")),
            security=values.get("security", "") or SECURITIES[0],
            hello_name=self._from.rpartition("@")[2],
            username=values.get("username", ""),
            password=values.get("password", ""),
            allow_private=allow_private,
        )
        self._pool = Pool(self._account)

    @classmethod
    def check(cls, values: Mapping[str, str], *, allow_private: bool = False) -> None:
        """Judge a filled form beyond its single fields.

        Raises:
            BadInput: with the `field` to correct.
        """
        try:
            check_host(values["host"], allow_private)
        except BadInput as bad:
            raise BadInput(bad.sentence, code=bad.code, field="host") from None
        if not 0 < _port(values["port"]) < 65_536:
            raise BadInput("A port is a number from 1 to 65535.", code="bad_number", field="port")
        for name in ("from_address", "reply_to"):
            if values.get(name) and not is_address(values[name]):
                raise BadInput("This is not an e-mail address.", code="bad_address", field=name)

    def draft(self, letter: Letter, address: Address, key: str) -> Draft:
        """The mail in readable form: headers decoded, the plain text as body."""
        to = f"{clean(address.name)} <{address.value}>" if address.name else address.value
        headers = {
            "From": f"{clean(letter.sender_name)} <{self._from}>" if letter.sender_name else self._from,
            "To": to,
            "Subject": clean(letter.subject),
            "Message-ID": self._message_id(key),
        }
        if self._reply_to:
            headers["Reply-To"] = self._reply_to
        server = f"{self._account.host or 'smtp.shop.invalid'}:{self._account.port}"
        return Draft(line=f"SMTP {server} {self._from} → {address.value}", headers=headers, body=letter.text)

    async def send(self, letter: Letter, address: Address, key: str) -> Taken:
        """Hand one mail to the server; its last answer becomes the words.

        Raises:
            Refused: a 5xx answer; the step it came at says whose fault it is.
            TryLater: a 4xx answer, or no connection before the mail was out.
            Unsure: the connection ended between the mail's last byte and the answer.
        """
        reader = _to_ascii(address.value)
        content = self._build(letter, reader, address.name, key)
        try:
            reply = await self._pool.hand_over(self._from, reader, content)
        except SmtpRefused as refused:
            raise _judge(refused) from None
        except SmtpLost as lost:
            if lost.unsure:
                raise Unsure(lost.words, code="no_answer") from None
            raise TryLater(lost.words, code="not_reached") from None
        except NotAllowedTarget as closed:
            raise Refused(closed.words, blame="config", code="unsafe_url") from None
        return Taken(words=reply.words[:1000], reference=self._message_id(key))

    async def close(self) -> None:
        """Close the idle connections."""
        await self._pool.close()

    def _build(self, letter: Letter, reader: str, name: str, key: str) -> bytes:
        mail = Mail(
            # Names and subjects hold words of strangers: a line break in one is no reason to withhold the goods.
            from_name=clean(letter.sender_name),
            from_address=self._from,
            to_name=clean(name),
            to_address=reader,
            subject=clean(letter.subject),
            text=letter.text,
            html=letter.html,
            message_id=self._message_id(key),
            date=self._clock.now(),
            reply_to=self._reply_to,
            unsubscribe_url="" if letter.transactional else str(letter.data.get("unsubscribe_url", "")),
        )
        try:
            return build(mail)
        except BadInput as bad:
            raise Refused(bad.sentence, blame="config", code=bad.code) from None

    def _message_id(self, key: str) -> str:
        return f"<{_UNFIT_FOR_ID.sub('_', key)}@{self._account.hello_name}>"


def _judge(refused: SmtpRefused) -> SendFailed:
    code = str(refused.code)
    if not 500 <= refused.code < 600:
        return TryLater(refused.words, code=code)
    blame = _BLAME[refused.step]
    # We announce the size with the sender; 552 there speaks of the mail, not of the account (RFC 1870).
    if refused.step is Step.SENDER and refused.code == _TOO_LARGE:
        blame = "content"
    if refused.step is Step.READER and (refused.code in _MUST_SIGN_IN or _NO_RELAY.search(refused.words)):
        blame = "config"
    return Refused(refused.words, blame=blame, code=code)


@lru_cache(maxsize=1024)
def _to_ascii(address: str) -> str:
    try:
        ascii_form = address if address.isascii() else validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        ascii_form = None
    if ascii_form is None or not is_address(ascii_form):
        raise Refused(f"{address[:80]!r} is not an address mail can be sent to.", blame="recipient", code="bad_address")
    return ascii_form


def _port(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 587
