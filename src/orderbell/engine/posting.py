"""Posts parcels to JetStream and waits for its receipts; a refusal is an answer like any other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from orderbell.engine import streams
from orderbell.engine.base import Kind, Work

PATIENCE_S = 2.0


class _Refusal(msgspec.Struct):
    code: int = 0
    description: str = ""


class _Receipt(msgspec.Struct):
    error: _Refusal | None = None
    seq: int = 0


class Posting:
    """The posting desk of one connection."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._inbox = ""
        self._numbers = itertools.count()
        self._open: dict[str, asyncio.Future[bool]] = {}
        self._read = msgspec.json.Decoder(_Receipt).decode

    async def open(self, client: Client) -> None:
        """Begin to listen for receipts."""
        self._client = client
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._on)

    async def post(self, said: Sequence[tuple[Kind, Work]]) -> set[str]:
        """Post these rows; the ids JetStream has now, those it had already among them."""
        if self._client is None or not said:
            return set()
        sent: dict[asyncio.Future[bool], list[Work]] = {}
        numbers: list[str] = []
        for subject, parcel in streams.parcels(said):
            numbers.append(str(next(self._numbers)))
            future = self._open[numbers[-1]] = asyncio.get_running_loop().create_future()
            sent[future] = parcel
            await self._client.publish(
                subject, " ".join(work.id for work in parcel).encode(), f"{self._inbox}.{numbers[-1]}",
                headers={"Nats-Msg-Id": streams.message_id(parcel)},
            )  # fmt: skip
        done, _ = await asyncio.wait(sent, timeout=PATIENCE_S)
        for number in numbers:
            self._open.pop(number, None)
        return {work.id for future in done if future.result() for work in sent[future]}

    async def _on(self, message: Msg) -> None:
        future = self._open.pop(message.subject.rpartition(".")[2], None)
        if future is None or future.done():
            return
        try:
            receipt = self._read(message.data)
        except msgspec.DecodeError:
            # No stream listens: the answer is an empty one with a status.
            future.set_result(False)
            return
        future.set_result(receipt.error is None)
