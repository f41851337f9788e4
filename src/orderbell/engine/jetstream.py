"""The engine of many machines: NATS JetStream carries the ids of waiting rows from whoever writes them to the workers.

Nobody waits for it: what it does not take or loses is found in the database. It reconnects for ever, makes its
streams again when they were wiped, and after ten seconds without an answer tells the workers to look for themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from orderbell.base import log
from orderbell.base.errors import Misconfigured
from orderbell.engine import streams
from orderbell.engine.base import Kind, Work
from orderbell.engine.embedded import rung
from orderbell.engine.lane import Lane, Parcel
from orderbell.engine.posting import Posting
from orderbell.engine.streams import LANES, Servers

AWAY_S = 10.0
# Even while all seems well every worker looks into the database now and then: no engine is worth a lost order.
LOOK_EVERY_S = 5.0
WEIGHTS = {0: 8, 1: 3, 2: 1}
OUTGOING_MOST = 4000
_LATER = b'-NAK {"delay": 2000000000}'
_DONE = b"+ACK"
_ANSWER_S = 3.0
_TICK_S = 1.0
_RETRY_S = 2.0
_START_S = 5.0
_PIECE = 256
_NEWS = "orderbell.news"
_ASKED = "orderbell.asked"
_FAILURES = (NatsError, OSError, TimeoutError, Misconfigured)


class JetStream:
    """A process's seat at JetStream. `pulls`: whether this process takes work, or only tells of it."""

    spreads = True

    def __init__(self, servers: Servers, *, pulls: bool) -> None:
        self._servers = servers
        self.epoch = 0
        self._news = {kind: asyncio.Event() for kind in Kind}
        self._asked = asyncio.Event()
        self._stir = asyncio.Event()
        self._hear: Callable[[], None] = lambda: None
        self._lanes = {kind: [Lane(kind, lane, self._news[kind].set) for lane in LANES] for kind in Kind if pulls}
        self._look_at = dict.fromkeys(Kind, 0.0)
        self._outgoing: deque[tuple[Kind, Work]] = deque(maxlen=OUTGOING_MOST)
        self._replies: deque[tuple[Msg, bytes]] = deque()
        self._held: dict[str, Parcel] = {}
        self._plain: set[str] = set()
        self._client: Client | None = None
        self._posting = Posting()
        self._trusted = False
        self._known_wrong: Misconfigured | None = None
        self._first = asyncio.Event()
        self._closing = False
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """See `Engine.start`."""
        self._loops = [asyncio.create_task(self._keep()), asyncio.create_task(self._flow())]
        if not await rung(self._first, _START_S):
            log.get("engine").warning("NATS does not answer; work goes on from the database until it does")
        if self._known_wrong is not None:
            await self.close()
            raise self._known_wrong

    def publish(self, kind: Kind, work: Sequence[Work] = ()) -> None:
        """See `Engine.publish`."""
        self._outgoing.extend((kind, each) for each in work)
        if not work:
            self._news[kind].set()
            self._plain.add(_ASKED)
        self._stir.set()

    async def offer(self, kind: Kind, work: Sequence[Work]) -> set[str]:
        """See `Engine.offer`."""
        if not self._present():
            return set()
        try:
            return await self._posting.post([(kind, each) for each in work])
        except (NatsError, OSError, TimeoutError):
            return set()

    async def wait(self, kind: Kind, most_s: float) -> bool:
        """See `Engine.wait`."""
        return await rung(self._news[kind], most_s)

    def pull(self, kind: Kind, most: int, busy: Collection[str] = ()) -> list[str] | None:
        """See `Engine.pull`."""
        now = time.monotonic()
        if self._is_away(kind, now) or now >= self._look_at[kind]:
            self._look_at[kind] = now + LOOK_EVERY_S
            return None
        taken: list[Parcel] = []
        left = most
        parts = [most * WEIGHTS[lane] // sum(WEIGHTS.values()) for lane in LANES]
        for lane, part in zip(self._lanes[kind] * 2, [*parts, most, most, most], strict=True):
            more, passed = lane.take(min(part, left), busy)
            taken += more
            left -= sum(len(parcel.ids) for parcel in more)
            self._replies.extend((parcel.message, _LATER) for parcel in passed)
        self._stir.set()
        self._held |= {id_: parcel for parcel in taken for id_ in parcel.ids}
        return [id_ for parcel in taken for id_ in parcel.ids]

    def done(self, kind: Kind, ids: Collection[str]) -> None:
        """See `Engine.done`."""
        for id_ in ids:
            if (parcel := self._held.pop(id_, None)) is None:
                continue
            parcel.left.discard(id_)
            if not parcel.left:
                self._replies.append((parcel.message, _DONE))
        self._stir.set()

    async def asked(self, most_s: float) -> bool:
        """See `Engine.asked`."""
        return await rung(self._asked, most_s)

    def tell(self) -> None:
        """See `Engine.tell`."""
        self._plain.add(_NEWS)
        self._stir.set()

    def on_told(self, hear: Callable[[], None]) -> None:
        """See `Engine.on_told`."""
        self._hear = hear

    async def close(self) -> None:
        """See `Engine.close`."""
        # The flag too: Python 3.11's wait_for loses a cancellation that comes together with what it waits for.
        self._closing = True
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._client is not None:
            with suppress(*_FAILURES):
                await self._answer(self._client)
                await self._client.close()

    def _present(self) -> bool:
        return self._trusted and self._client is not None and self._client.is_connected

    def _is_away(self, kind: Kind, now: float) -> bool:
        return any(now - lane.answered_at > AWAY_S for lane in self._lanes.get(kind, ()))

    async def _keep(self) -> None:
        """Hold the connection and the streams."""
        well = True
        while not self._closing:
            try:
                await self._look_after()
                well, self._known_wrong = True, None
                self._first.set()
            except _FAILURES as error:
                if well:
                    log.get("engine").warning("JetStream is away; the database goes on without it", why=str(error))
                well = False
                if isinstance(error, Misconfigured):
                    self._known_wrong = error
                    self._first.set()
            await asyncio.sleep(_RETRY_S)

    async def _look_after(self) -> None:
        if self._client is None:
            self._client = await self._connect()
        if not self._client.is_connected:
            raise TimeoutError("not connected")
        if not self._trusted:
            await streams.check(self._servers)
        if not self._trusted or await self._forgot(self._client):
            await streams.ensure(self._client.jetstream(timeout=_ANSWER_S), self._servers)
            self.epoch += 1
            for lane in self._every_lane():
                await lane.open(self._client)
            self._trusted = True
            self._asked.set()
            self._stir.set()

    async def _forgot(self, client: Client) -> bool:
        """Whether streams are gone, or consumers that must be there do not answer."""
        told = await client.request("$JS.API.STREAM.NAMES", b"", timeout=_ANSWER_S)
        names = msgspec.json.decode(told.data).get("streams") or ()
        if not {streams.stream_name(kind, lane) for kind, lane in streams.STREAMS} <= set(names):
            return True
        now = time.monotonic()
        return any(AWAY_S < now - lane.answered_at < float("inf") for lane in self._every_lane())

    def _every_lane(self) -> list[Lane]:
        return [lane for lanes in self._lanes.values() for lane in lanes]

    async def _connect(self) -> Client:
        client = await nats.connect(
            list(self._servers.urls), name="orderbell", no_echo=True, allow_reconnect=True, max_reconnect_attempts=-1,
            connect_timeout=2, reconnect_time_wait=1, ping_interval=3, max_outstanding_pings=2,
            reconnected_cb=self._on_reconnect, error_cb=_note,
        )  # fmt: skip
        await self._posting.open(client)
        await client.subscribe(_NEWS, cb=self._on_news)
        await client.subscribe(_ASKED, cb=self._on_asked)
        return client

    async def _on_reconnect(self) -> None:
        # The server may be another one, or one that was started with other settings.
        self._trusted = False

    async def _on_news(self, _: Msg) -> None:
        self._hear()

    async def _on_asked(self, _: Msg) -> None:
        self._asked.set()

    async def _flow(self) -> None:
        """Say what is to be said; what fails is not said twice here, since the relay finds it."""
        while not self._closing:
            await rung(self._stir, _TICK_S)
            if not self._present() or self._client is None:
                self._forget_unsaid()
                continue
            try:
                await self._pour(self._client)
            except (NatsError, OSError, TimeoutError) as error:
                log.get("engine").info("JetStream did not take it", why=str(error))

    async def _pour(self, client: Client) -> None:
        plain, self._plain = self._plain, set()
        if _ASKED in plain:
            self._asked.set()
        for subject in plain:
            await client.publish(subject, b"")
        await self._answer(client)
        for lane in self._every_lane():
            await lane.ask(client)
        while self._outgoing:
            piece = [self._outgoing.popleft() for _ in range(min(_PIECE, len(self._outgoing)))]
            await self._posting.post(piece)
            await self._answer(client)

    async def _answer(self, client: Client) -> None:
        while self._replies:
            message, payload = self._replies.popleft()
            await client.publish(message.reply, payload)

    def _forget_unsaid(self) -> None:
        self._outgoing.clear()
        self._replies.clear()
        self._plain.clear()
        self._held.clear()


async def _note(error: Exception) -> None:
    log.get("engine").info("the connection to NATS", why=repr(error))
