"""The streams in JetStream, and whether its servers can be trusted with them.

One stream for each kind and lane, so that a flood in one lane cannot fill another. Bounded twice, by the stream and
by whose share it is: what does not fit waits in the database.

Sources, read 2026-11-22: NATS 2.15 server and its documentation ("JetStream model deep dive", "Streams", "Consumers");
`/varz` of 2.15.1 answers `jetstream.config.sync_always` and, in a cluster, `jetstream.meta.cluster_size`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from orderbell.base import log, mutant
from orderbell.base.errors import Misconfigured
from orderbell.engine.base import Kind, Work

LANES = (0, 1, 2)
REPLICAS = 3
CONSUMER = "workers"
# In parcels. Under load a parcel is full, so that a share holds up to 4,000 ids and a lane up to 16,000.
STREAM_MOST = 1000
SHARE_MOST = 250
PARCEL_MOST = 16
DEDUP_S = 600.0
AGE_MOST_S = 3600.0
MONITOR_PORT = 8222
_PATIENCE_S = 3.0
_BOUNDS = ("num_replicas", "max_msgs", "max_msgs_per_subject", "max_age", "duplicate_window")


@dataclass(frozen=True)
class Servers:
    """What the operator says of the NATS servers."""

    urls: tuple[str, ...]
    monitors: tuple[str, ...]
    replicas: int
    ack_wait_s: float


def read_servers(urls: str, monitors: str, *, replicas: int, ack_wait_s: float) -> Servers:
    """The servers of comma-separated addresses; without monitor addresses, port 8222 of each server.

    Raises:
        Misconfigured: fewer copies than the engine needs, and nobody said that one is meant.
    """
    if replicas not in (1, REPLICAS):
        raise Misconfigured("ORDERBELL_ENGINE_REPLICAS is 3, or 1 for a single server.", code="engine_not_safe")
    servers = tuple(each.strip() for each in urls.split(",") if each.strip())
    given = tuple(each.strip().rstrip("/") for each in monitors.split(",") if each.strip())
    return Servers(servers, given or tuple(_monitor_of(each) for each in servers), replicas, ack_wait_s)


def _monitor_of(url: str) -> str:
    host = urlsplit(url if "://" in url else f"nats://{url}").hostname or "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{MONITOR_PORT}"


def stream_name(kind: Kind, lane: int) -> str:
    """The stream of a kind and a lane."""
    return f"ORDERBELL_{kind.upper()}_{lane}"


def subject(kind: Kind, work: Work) -> str:
    """Where a row is spoken of."""
    return f"orderbell.{kind}.{work.lane}.{work.share}"


def parcels(said: Sequence[tuple[Kind, Work]]) -> list[tuple[str, list[Work]]]:
    """Rows of one subject travel together: every parcel costs the servers a sync to disk."""
    by_subject: dict[str, list[Work]] = {}
    for kind, work in said:
        by_subject.setdefault(subject(kind, work), []).append(work)
    return [
        (name, work[start : start + PARCEL_MOST])
        for name, work in by_subject.items()
        for start in range(0, len(work), PARCEL_MOST)
    ]


def message_id(parcel: Sequence[Work]) -> str:
    """The name under which JetStream knows these turns of these rows again for ten minutes."""
    names = [f"{work.id}:{work.gen}:{work.again}" if work.again else f"{work.id}:{work.gen}" for work in parcel]
    return names[0] if len(names) == 1 else hashlib.sha256(" ".join(names).encode()).hexdigest()


STREAMS = tuple((kind, lane) for kind in Kind for lane in LANES)


async def ensure(js: JetStreamContext, servers: Servers) -> None:
    """Make the streams and their consumers, or bring them to this release's shape."""
    for kind, lane in STREAMS:
        await _ensure_stream(js, _stream(kind, lane, servers.replicas))
        await _ensure_consumer(js, stream_name(kind, lane), _consumer(servers))


async def _ensure_stream(js: JetStreamContext, wanted: api.StreamConfig) -> None:
    try:
        held = (await js.stream_info(wanted.name or "")).config
    except NotFoundError:
        await js.add_stream(wanted)
        return
    if any(getattr(held, name) != getattr(wanted, name) for name in _BOUNDS):
        await js.update_stream(wanted)


async def _ensure_consumer(js: JetStreamContext, stream: str, wanted: api.ConsumerConfig) -> None:
    # Made again only where it must be: that would drop the questions other processes have open.
    try:
        held = (await js.consumer_info(stream, CONSUMER)).config
    except NotFoundError:
        held = None
    if held is None or held.ack_wait != wanted.ack_wait:
        await js.add_consumer(stream, wanted)


def _stream(kind: Kind, lane: int, replicas: int) -> api.StreamConfig:
    return api.StreamConfig(
        name=stream_name(kind, lane),
        subjects=[f"orderbell.{kind}.{lane}.>"],
        retention=api.RetentionPolicy.WORK_QUEUE,
        storage=api.StorageType.FILE,
        num_replicas=replicas,
        discard=api.DiscardPolicy.NEW,
        discard_new_per_subject=True,
        max_msgs=STREAM_MOST,
        max_msgs_per_subject=SHARE_MOST,
        max_age=AGE_MOST_S,
        duplicate_window=DEDUP_S,
    )


def _consumer(servers: Servers) -> api.ConsumerConfig:
    # Ids are said again without end: what kills workers is put aside by its row, not by the engine.
    return api.ConsumerConfig(
        durable_name=CONSUMER,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=servers.ack_wait_s,
        max_ack_pending=STREAM_MOST,
        max_deliver=-1,
    )


async def check(servers: Servers) -> int:
    """See that every server that answers writes to the disk before it says yes, and that there are enough of them.

    Returns how many answered.

    Raises:
        Misconfigured: `engine_not_safe`, or `engine_not_seen` when no server's monitor answers.
    """
    seen = 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE_S)) as session:
        for monitor in servers.monitors:
            told = await _ask(session, monitor)
            if told is not None:
                seen += 1
                judge(monitor, told, replicas=servers.replicas)
    if not seen:
        raise Misconfigured(
            "NATS answers, but none of its monitors does, so nobody can see whether it syncs to disk. Add "
            f"`http_port: {MONITOR_PORT}` to nats.conf, or set ORDERBELL_ENGINE_MONITOR_URL.",
            code="engine_not_seen",
        )
    return seen


async def _ask(session: aiohttp.ClientSession, monitor: str) -> dict[str, Any] | None:
    try:
        async with session.get(f"{monitor}/varz") as answer:
            found: dict[str, Any] = await answer.json(content_type=None)
            return found
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        log.get("engine").warning("a NATS server could not be looked at", monitor=monitor, why=repr(error))
        return None


def judge(monitor: str, varz: dict[str, Any], *, replicas: int) -> None:
    """Refuse a server that may forget what it said yes to.

    Raises:
        Misconfigured: `engine_not_safe`, with what to change.
    """
    jetstream = varz.get("jetstream") or {}
    config = jetstream.get("config")
    if not config:
        raise Misconfigured(
            f"JetStream is off on {monitor}: add `jetstream {{ store_dir: … }}` to its nats.conf.",
            code="engine_not_safe",
        )
    if not config.get("sync_always") and not mutant.without("engine_sync"):
        raise Misconfigured(
            f"JetStream on {monitor} does not sync each message to disk: write `sync_interval: always` inside the "
            "`jetstream { … }` block of its nats.conf and restart it.",
            code="engine_not_safe",
        )
    size = (jetstream.get("meta") or {}).get("cluster_size", 1)
    if size < replicas:
        raise Misconfigured(
            f"The NATS cluster of {monitor} has {size} server(s) and every id is to be kept by {replicas}: add servers "
            "to its `cluster` block, or set ORDERBELL_ENGINE_REPLICAS=1 where a single server is meant.",
            code="engine_not_safe",
        )
