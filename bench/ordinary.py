"""The same two messages as ordinary good code sends them on a normal day: what the rivals' tasks are made of.

Jinja2 for the text, the standard library for the mail, one kept SMTP connection and one requests session per thread.
No record is kept of what was sent, nothing is allocated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import threading
import time
import uuid
from email.message import EmailMessage
from functools import cache
from typing import Any

import requests
from jinja2 import Environment

SECRET = bytes(range(32))
FROM = "我的店铺 <orders@shop.example>"
TEXT = """您好，{{ buyer.name }}：

您购买的商品已经发货。
订单号：{{ number }}
商品：{% for line in lines %}{{ line.title }} × {{ line.quantity }} {% endfor %}
金额：¥{{ amount }}
查看商品：{{ url }}
"""
HTML = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="margin:0;background:#f4f4f5;font-family:sans-serif">
<table role="presentation" width="100%"><tr><td align="center" style="padding:24px">
<table role="presentation" width="600" style="background:#fff;border-radius:8px"><tr><td style="padding:32px">
<h1 style="font-size:20px">{{ subject }}</h1>
<p>您好，{{ buyer.name }}：您购买的商品已经发货。</p>
<table width="100%">
<tr><td>订单号</td><td>{{ number }}</td></tr>
{% for line in lines %}<tr><td>商品</td><td>{{ line.title }} × {{ line.quantity }}</td></tr>{% endfor %}
<tr><td>金额</td><td>¥{{ amount }}</td></tr>
</table>
<p><a href="{{ url }}" style="background:#2563eb;color:#fff;padding:12px 24px">查看商品</a></p>
<p style="color:#71717a;font-size:12px">{{ shop }}</p>
</td></tr></table></td></tr></table></body></html>
"""


class _Kept(threading.local):
    """The connections of one thread."""

    mail: smtplib.SMTP | None = None
    web: requests.Session | None = None


KEPT = _Kept()


@cache
def _templates() -> tuple[Any, Any]:
    return Environment().from_string(TEXT), Environment(autoescape=True).from_string(HTML)


def word(order: dict[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML of the mail about an order."""
    text, html = _templates()
    subject = f"订单 {order['number']} 已发货"
    facts = order | {"subject": subject, "shop": "我的店铺", "url": f"https://shop.example/o/{uuid.uuid4().hex}"}
    return subject, text.render(facts), html.render(facts)


def send_mail(order: dict[str, Any], smtp_port: int) -> None:
    """Word the mail and give it to the server."""
    subject, text, html = word(order)
    message = EmailMessage()
    message["From"] = FROM
    message["To"] = order["buyer"]["email"]
    message["Subject"] = subject
    message["Message-ID"] = f"<{uuid.uuid4().hex}@shop.example>"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if KEPT.mail is None:
        KEPT.mail = smtplib.SMTP("127.0.0.1", smtp_port, local_hostname="shop.example")
    KEPT.mail.send_message(message)


def send_hook(order: dict[str, Any], url: str) -> None:
    """Post the event, signed as Standard Webhooks 1.0.0 says (read 2026-11-22)."""
    body = json.dumps({"type": "order.paid", "data": {"order": order}}).encode()
    name, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    mark = hmac.new(SECRET, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json", "webhook-id": name, "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mark).decode(),
    }  # fmt: skip
    if KEPT.web is None:
        KEPT.web = requests.Session()
    KEPT.web.post(url, data=body, headers=headers, timeout=10).raise_for_status()
