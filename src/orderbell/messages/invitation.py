"""The mail that invites somebody to work in a shop: the one letter of the house that no rule and no order causes."""

from __future__ import annotations

from html import escape

from orderbell.channels.base import Button, Letter
from orderbell.messages import colour
from orderbell.messages.brand import Brand
from orderbell.messages.i18n import catalogue

_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="color-scheme" content="light dark"><title>{subject}</title></head>
<body style="margin:0;padding:32px 16px;font:15px/1.7 -apple-system,'Segoe UI','PingFang SC','Microsoft YaHei',\
'Noto Sans CJK SC',sans-serif"><div style="max-width:520px;margin:0 auto"><h1 style="font-size:20px">{subject}</h1>
<p>{lead}</p><p><a href="{link}" style="display:inline-block;padding:12px 26px;border-radius:9px;background:{ground};\
color:{ink};text-decoration:none;font-weight:600">{label}</a></p><p>{until}</p><p>{other}</p></div></body></html>"""


def letter(brand: Brand, *, link: str, by: str, role: str, locale: str) -> Letter:
    """What the invited person reads; `role` is the role's word, `by` the name of whoever invites."""
    say = catalogue("zh-CN" if locale.startswith("zh") else "en")
    subject = say("Join {shop} on OrderBell", shop=brand.name)
    lead = say("{by} invites you to work in {shop} as: {role}.", by=by, shop=brand.name, role=say(role))
    label, until = say("Accept the invitation"), say("The link is good for 7 days and works once.")
    other = say("If you did not expect this, you need not do anything.")
    html = _PAGE.format(
        lang=say.language, subject=escape(subject), lead=escape(lead), link=escape(link), label=escape(label),
        until=escape(until), other=escape(other), ground=brand.accent, ink=colour.readable_on(brand.accent),
    )  # fmt: skip
    text = f"{subject}\n\n{lead}\n\n{link}\n\n{until}\n{other}\n"
    return Letter(
        subject=subject, text=text, html=html, buttons=(Button(label=label, url=link),), sender_name=brand.sender,
        locale=locale,
    )  # fmt: skip
