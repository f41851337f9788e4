"""One lane's flow of ids out of JetStream into this process: asked for in small pieces, kept until somebody pulls."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from orderbell.engine.base import Kind
from orderbell.engine.streams import CONSUMER, stream_name

# How many parcels a process keeps at hand: few, so that work spreads over the workers; more where it is urgent.
AT_HAND = {0: 32, 1: 16, 2: 8}
ASK_LASTS_S = 4.0
_LOST_S = 3.0
_NO_CONSUMER = "503"


class Parcel:
    """Ids that travel together; the engine may forget them when each one is done."""

    __slots__ = ("ids", "left", "message")

    def __init__(self, message: Msg) -> None:
        self.message = message
        self.ids = message.data.decode().split()
        self.left = set(self.ids)

    @property
    def share(self) -> str:
        """Whose share of the engine it fills."""
        return self.message.subject.rpartition(".")[2]


class Lane:
    """The parcels of one kind and lane that were given to this process."""

    def __init__(self, kind: Kind, lane: int, ring: Callable[[], None]) -> None:
        self.answered_at = float("-inf")
        """When the consumer last answered, by the monotonic clock, if only to say that there is nothing."""
        self._full = AT_HAND[lane]
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name(kind, lane)}.{CONSUMER}"
        self._ring = ring
        self._waiting: deque[Parcel] = deque()
        self._asked = 0
        self._asked_at = 0.0
        self._inbox = ""
        self._subscription: Subscription | None = None

    async def open(self, client: Client) -> None:
        """Begin to listen, anew where it was open."""
        if self._subscription is not None:
            await self._subscription.unsubscribe()
        self._inbox = client.new_inbox()
        self._asked = 0
        self.answered_at = time.monotonic()
        self._subscription = await client.subscribe(self._inbox, cb=self._on)

    async def ask(self, client: Client) -> None:
        """Ask for more, when there is room for a good piece or the last question got lost."""
        if self._subscription is None:
            return
        now = time.monotonic()
        if now - self._asked_at > ASK_LASTS_S + _LOST_S:
            self._asked = 0
        room = self._full - len(self._waiting) - self._asked
        if room <= 0 or (self._asked and room < self._full // 2):
            return
        self._asked += room
        self._asked_at = now
        wish = {"batch": room, "expires": int(ASK_LASTS_S * 1_000_000_000)}
        await client.publish(self._next, msgspec.json.encode(wish), self._inbox)

    def take(self, most: int, busy: Collection[str]) -> tuple[list[Parcel], list[Parcel]]:
        """Parcels of up to `most` of the ids at hand, and those passed over because their share is busy."""
        taken: list[Parcel] = []
        passed: list[Parcel] = []
        while self._waiting:
            parcel = self._waiting[0]
            if busy and parcel.share in busy:
                passed.append(self._waiting.popleft())
                continue
            most -= len(parcel.ids)
            if most < 0:
                break
            taken.append(self._waiting.popleft())
        return taken, passed

    async def _on(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._asked = max(0, self._asked - 1)
            self._waiting.append(Parcel(message))
            self._ring()
        elif status != _NO_CONSUMER:
            left = (message.headers or {}).get("Nats-Pending-Messages", "")
            self._asked = max(0, self._asked - int(left)) if left.isdigit() else 0
        if status != _NO_CONSUMER:
            self.answered_at = time.monotonic()
