"""The same two messages as ordinary Celery tasks, the way a good engineer writes them on a normal day.

Jinja2 for the text, the standard library for the mail, one kept SMTP connection and one requests session per worker
process, a prefork pool, Redis without persistence. No record is kept of what was sent, nothing is allocated.
`python -m bench.celery_side REDIS_URL SMTP_PORT HOOK_URL` runs the worker.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import sys
import time
import uuid
from email.message import EmailMessage
from functools import cache
from typing import Any

import requests
from celery import Celery  # type: ignore[import-untyped]
from jinja2 import Environment

CONCURRENCY = 2
SECRET = bytes(range(32))
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


@cache
def _templates() -> tuple[Any, Any]:
    return Environment().from_string(TEXT), Environment(autoescape=True).from_string(HTML)


@cache
def _mail_server(port: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", port, local_hostname="shop.example")


@cache
def _session() -> requests.Session:
    return requests.Session()


def send_mail(order: dict[str, Any], smtp_port: int) -> None:
    """Word the mail and give it to the server."""
    text, html = _templates()
    subject = f"订单 {order['number']} 已发货"
    facts = order | {"subject": subject, "shop": "我的店铺", "url": f"https://shop.example/o/{uuid.uuid4().hex}"}
    message = EmailMessage()
    message["From"] = "我的店铺 <orders@shop.example>"
    message["To"] = order["buyer"]["email"]
    message["Subject"] = subject
    message["Message-ID"] = f"<{uuid.uuid4().hex}@shop.example>"
    message.set_content(text.render(facts))
    message.add_alternative(html.render(facts), subtype="html")
    _mail_server(smtp_port).send_message(message)


def send_hook(order: dict[str, Any], url: str) -> None:
    """Post the event, signed as Standard Webhooks 1.0.0 says (read 2026-11-22)."""
    body = json.dumps({"type": "order.paid", "data": {"order": order}}).encode()
    name, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    mark = hmac.new(SECRET, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "content-type": "application/json", "webhook-id": name, "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mark).decode(),
    }  # fmt: skip
    _session().post(url, data=body, headers=headers, timeout=10).raise_for_status()


def make_app(redis_url: str) -> Celery:
    """The app with its two tasks; no results are kept, which is the faster way."""
    app = Celery("shop", broker=redis_url)
    app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=32, broker_connection_retry_on_startup=True)
    app.task(name="send_mail")(send_mail)
    app.task(name="send_hook")(send_hook)
    return app


if __name__ == "__main__":
    make_app(sys.argv[1]).worker_main(
        ["worker", "--pool=prefork", f"--concurrency={CONCURRENCY}", "--loglevel=WARNING", "--without-gossip",
         "--without-mingle", "--without-heartbeat"]
    )  # fmt: skip
