"""The bare loop: one process that words the same two messages and sends them, and remembers nothing.

`python -m bench.bare SMTP_PORT HOOK_URL ORDERS` prints its seconds as one line of JSON. It uses the project's own
wording and channels, so what OrderBell needs beyond it is the price of the door, the decisions and the records.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import uvloop

from bench import orders
from orderbell.base.ids import new_id
from orderbell.base.secrets import Keyring, LinkSigner
from orderbell.base.signing import new_webhook_secret
from orderbell.channels import directory
from orderbell.channels.base import Address, Channel
from orderbell.messages.brand import Brand
from orderbell.messages.compose import compose
from orderbell.messages.facts import Item, Links, MessageFacts
from orderbell.messages.templates import STOCK_ONLY

AT_ONCE = 64
WARM_UP = 200
LOCALE = "zh-CN"
BRAND = Brand(name="我的店铺")


class Sender:
    """The two accounts, and what words a message."""

    def __init__(self, smtp_port: int, hook_url: str) -> None:
        mail = {"host": "127.0.0.1", "port": str(smtp_port), "security": "none", "from_address": "orders@shop.example"}
        hook = {"url": hook_url, "secret": new_webhook_secret()}
        self._mail: Channel = directory.make("email", mail, allow_private=True)
        self._hook: Channel = directory.make("webhook", hook, allow_private=True)
        self._signer = LinkSigner(Keyring(bytes(32)))

    async def send(self, number: str) -> None:
        """The mail with the goods' link to the buyer, the signed webhook to the shop's program."""
        await asyncio.gather(self._send_mail(number), self._send_hook(number))

    async def _send_mail(self, number: str) -> None:
        links = Links(order_url=f"http://127.0.0.1:8700/o/{self._signer.sign('order', number, '0')}")
        wording = STOCK_ONLY.choose("order.delivered", "buyer", "email", LOCALE)
        facts = _facts("order.delivered", number)
        letter = compose(wording, facts, BRAND, links, locale=LOCALE, traits=self._mail.traits)
        await self._mail.send(letter, Address(value=f"{number}@buyers.example"), new_id("message"))

    async def _send_hook(self, number: str) -> None:
        wording = STOCK_ONLY.choose("order.paid", "staff", "webhook", LOCALE)
        facts = _facts("order.paid", number)
        letter = compose(wording, facts, BRAND, Links(), locale=LOCALE, traits=self._hook.traits)
        await self._hook.send(letter, Address(), new_id("message"))

    async def close(self) -> None:
        await asyncio.gather(self._mail.close(), self._hook.close())


def _facts(event_type: str, number: str) -> MessageFacts:
    now = datetime.now(UTC)
    return MessageFacts(
        event_type=event_type, shop_name=BRAND.name, order_number=number, status="paid", amount_minor=9900,
        currency="CNY", buyer_name="张三", buyer_contact=f"{number}@buyers.example", created_at=now, paid_at=now,
        occurred_at=now, country="CN", items=(Item(title=orders.TITLE, price_minor=9900, sku=orders.SKU),),
    )  # fmt: skip


async def run(smtp_port: int, hook_url: str, most: int) -> None:
    """Send the warm-up (numbers `v-…`), then `most` orders (`d-…`) against the clock."""
    sender = Sender(smtp_port, hook_url)

    async def work(numbers: Iterator[str]) -> None:
        for number in numbers:
            await sender.send(number)

    async def all_of(numbers: Iterator[str]) -> None:
        await asyncio.gather(*(work(numbers) for _ in range(AT_ONCE)))

    await all_of(iter(orders.numbers("v", WARM_UP)))
    began_at, began_cpu_s = time.monotonic(), time.process_time()
    await all_of(iter(orders.numbers("d", most)))
    print(json.dumps({"took_s": time.monotonic() - began_at, "cpu_s": time.process_time() - began_cpu_s}), flush=True)
    await sender.close()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
