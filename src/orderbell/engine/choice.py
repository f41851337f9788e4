"""Chooses the engine the settings name."""

from __future__ import annotations

from orderbell.base.errors import Misconfigured
from orderbell.base.settings import Settings
from orderbell.engine.base import Engine
from orderbell.engine.embedded import Embedded
from orderbell.engine.jetstream import JetStream
from orderbell.engine.streams import Servers, read_servers


def make_engine(settings: Settings, *, pulls: bool) -> Engine:
    """JetStream where an address is set, else the bell in memory. `pulls`: this process takes work.

    Raises:
        Misconfigured: an engine between processes needs a database that many processes may write.
    """
    if not settings.engine_url:
        return Embedded()
    if not settings.database_url:
        raise Misconfigured(
            "ORDERBELL_ENGINE_URL spreads work over processes, and SQLite takes only one: set ORDERBELL_DATABASE_URL "
            "to a PostgreSQL, or take the engine's address away.",
            code="engine_needs_postgresql",
        )
    return JetStream(servers_of(settings), pulls=pulls)


def servers_of(settings: Settings) -> Servers:
    """The NATS servers the settings name.

    Raises:
        Misconfigured: `engine_not_safe`.
    """
    return read_servers(
        settings.engine_url, settings.engine_monitor_url, replicas=settings.engine_replicas,
        ack_wait_s=float(settings.lease_s),
    )  # fmt: skip
