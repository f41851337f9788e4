"""The orders that are told: each buyer's address carries its order's number, so that a mail can be counted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

SKU = "steam-100"
TITLE = "Steam 充值卡 ¥100"


def event(number: str, type_: str = "order.paid") -> dict[str, object]:
    """An event as a shop tells it, every usual field filled."""
    return {
        "id": f"{type_}:{number}",
        "type": type_,
        "occurred_at": "2026-11-22T10:00:00+08:00",
        "order": {
            "number": number,
            "amount": "99.00",
            "currency": "CNY",
            "ip": "203.0.113.9",
            "country": "CN",
            "buyer": {
                "ref": f"u-{number}",
                "name": "张三",
                "email": f"{number}@buyers.example",
                "locale": "zh-CN",
                "timezone": "Asia/Shanghai",
            },
            "lines": [{"sku": SKU, "title": TITLE, "quantity": 1, "price": "99.00"}],
            "attributes": {},
        },
    }


def numbers(prefix: str, most: int) -> list[str]:
    """Order numbers, each once in a run."""
    return [f"{prefix}-{n:07d}" for n in range(most)]


def single(told: Iterable[str]) -> list[bytes]:
    """One body per order."""
    return [_json(event(number)) for number in told]


def batches(told: Iterable[str], size: int = 100, *, type_: str = "order.paid") -> list[bytes]:
    """One body per `size` orders."""
    return [_json({"events": [event(number, type_) for number in batch]}) for batch in _cut(told, size)]


def keys(most: int, size: int = 5000) -> Iterator[bytes]:
    """Bodies that import `most` cards, 5,000 at a time."""
    for batch in _cut((f"KEY-{n:07d}-7F3A-92CC-40D1" for n in range(most)), size):
        yield _json({"cards": batch})


def _cut(values: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
