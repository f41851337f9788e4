"""The list of channels: one import line each; forms, drafts and sending all start here."""

from __future__ import annotations

from collections.abc import Mapping

from orderbell.base.errors import BadInput
from orderbell.channels.base import Channel, Setting
from orderbell.channels.dingtalk import DingTalk  # noqa: F401
from orderbell.channels.email import Email  # noqa: F401
from orderbell.channels.inbox import Inbox  # noqa: F401
from orderbell.channels.sandboxed import SANDBOXED
from orderbell.channels.webhook import Webhook  # noqa: F401

# Every channel imported above is on the list: a new one is one line.
_IMPORTED: list[type[Channel]] = [each for each in globals().values() if hasattr(each, "traits")]
CHANNELS: dict[str, type[Channel]] = {each.kind: each for each in _IMPORTED} | SANDBOXED

_MAX_VALUE_CHARS = 4_096
_SWITCH = {"1": "1", "true": "1", "yes": "1", "on": "1", "0": "0", "false": "0", "no": "0", "off": "0", "": "0"}


def make(kind: str, values: Mapping[str, str], allow_private: bool = False) -> Channel:
    """One account of that kind; with no values it can still `draft`, never `send`.

    Raises:
        BadInput: `unknown_channel`.
    """
    return _class_of(kind)(values, allow_private=allow_private)


def check_values(kind: str, values: Mapping[str, str], *, allow_private: bool = False) -> dict[str, str]:
    """A filled settings form, stripped and completed with defaults, fit to be kept and given to `make`.

    Raises:
        BadInput: `unknown_channel`, or the code of the first mistake with its `field`.
    """
    channel = _class_of(kind)
    known = {each.name for each in channel.settings}
    for name in values:
        if name not in known:
            raise BadInput(f"{channel.title} has no setting {name[:40]!r}.", code="unknown_setting", field=name[:40])
    cleaned = {each.name: _check_one(each, values.get(each.name, "")) for each in channel.settings}
    # Some kinds judge their form as a whole (hosts, addresses, one of two fields); most have nothing to add.
    check = getattr(channel, "check", None)
    if check is not None:
        check(cleaned, allow_private=allow_private)
    return cleaned


def _class_of(kind: str) -> type[Channel]:
    try:
        return CHANNELS[kind]
    except KeyError:
        raise BadInput(f"There is no channel {kind[:40]!r}.", code="unknown_channel", field="kind") from None


def _check_one(setting: Setting, raw: str) -> str:
    value = raw.strip() or setting.default
    if setting.kind == "switch":
        value = _SWITCH.get(value.lower(), value)
        if value not in ("0", "1"):
            raise BadInput(f"{setting.label} is on or off.", code="bad_switch", field=setting.name)
        return value
    if not value:
        if setting.required:
            raise BadInput(f"{setting.label} is required.", code="required", field=setting.name)
        return ""
    _check_form(setting, value)
    return value


def _check_form(setting: Setting, value: str) -> None:
    if len(value) > _MAX_VALUE_CHARS or not value.isprintable():
        raise BadInput(f"{setting.label} is too long or holds control characters.", code="bad_text", field=setting.name)
    if setting.kind == "number" and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise BadInput(f"{setting.label} is a whole number.", code="bad_number", field=setting.name)
    if setting.kind == "choice" and value not in setting.choices:
        sentence = f"{setting.label} is one of {', '.join(setting.choices)}."
        raise BadInput(sentence, code="bad_choice", field=setting.name)
