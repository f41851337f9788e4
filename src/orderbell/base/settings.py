"""Everything that can be set from outside: one table with a default, a unit and a sentence each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from orderbell.base.errors import Misconfigured

_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _setting(default: object, unit: str, sentence: str) -> Any:
    return field(default=default, metadata={"unit": unit, "sentence": sentence})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process; `read` takes them from the environment as ORDERBELL_<NAME>."""

    data_dir: Path = _setting(Path("data"), "path", "Where the embedded database, keys and uploads live.")
    database_url: str = _setting("", "URL", "PostgreSQL address; empty means SQLite inside the data directory.")
    engine_url: str = _setting(
        "", "URL", "NATS addresses for many machines, with commas between; empty means the embedded engine."
    )
    engine_monitor_url: str = _setting(
        "", "URL", "Where the NATS servers tell how they are set up; empty means port 8222 of each."
    )
    engine_replicas: int = _setting(3, "servers", "How many NATS servers keep each id: 3, or 1 for a single server.")
    status_port: int = _setting(
        0, "port", "Where worker and relay answer /healthz and /metrics on 127.0.0.1; 0: nowhere."
    )
    secret_key_file: str = _setting(
        "", "path", "The key that wraps every other key; empty means secret.key in the data directory."
    )
    allocation_journal: str = _setting(
        "", "path", "The file that names every card given away, best on a second disk; empty means allocations.log "
        "in the data directory.",
    )  # fmt: skip
    backup_dir: str = _setting("", "path", "Where a nightly backup goes; empty means none is made.")
    backup_hour: int = _setting(19, "hour", "The hour of the day, in UTC, at which the nightly backup is made.")
    backup_keep: int = _setting(14, "backups", "How many nightly backups are kept; the oldest go first.")
    audit_heads_file: str = _setting(
        "", "path", "The file that keeps the signed ends of the audit trails, best on a second disk; empty means "
        "audit-heads.log in the data directory.",
    )  # fmt: skip
    public_url: str = _setting("", "URL", "The address buyers see in links; empty means http://HOST:PORT.")
    host: str = _setting("127.0.0.1", "address", "The address the web door listens on.")
    port: int = _setting(8700, "port", "The port the web door listens on.")
    demo: bool = _setting(False, "0 or 1", "Start a demo shop that takes simulated orders.")
    allow_private_targets: bool = _setting(
        False, "0 or 1", "Development only: let webhooks and SMTP reach private and loopback addresses."
    )
    trusted_proxy: str = _setting("", "address", "The one proxy whose X-Forwarded-For is believed; empty means none.")
    max_body_bytes: int = _setting(262_144, "bytes", "The largest request body a webhook or the API takes.")
    decide_batch: int = _setting(128, "events", "How many events one decide step takes at once.")
    send_batch: int = _setting(128, "messages", "How many messages one send step claims at once.")
    lease_s: int = _setting(
        20,
        "seconds",
        "How long a claimed row stays with its worker before another may take it; renewed while it works.",
    )
    send_deadline_s: int = _setting(40, "seconds", "How long a provider may take to answer one message.")
    order_expiry_minutes: int = _setting(
        30, "minutes", "After how long an unpaid order is cancelled when the shop names no time."
    )
    log_level: str = _setting("info", "level", "How much the log tells: debug, info, warning or error.")
    log_format: str = _setting("auto", "word", "How the log is written: json, text, or auto (text on a terminal).")
    access_log: bool = _setting(False, "0 or 1", "Write a log line for each HTTP request.")

    @property
    def sqlite_path(self) -> Path:
        """The embedded database's file."""
        return self.data_dir / "orderbell.db"

    @property
    def journal_path(self) -> Path:
        """The allocation journal's file."""
        return Path(self.allocation_journal) if self.allocation_journal else self.data_dir / "allocations.log"

    @property
    def key_path(self) -> Path:
        """The file that holds the key-wrapping key."""
        return Path(self.secret_key_file) if self.secret_key_file else self.data_dir / "secret.key"

    @property
    def base_url(self) -> str:
        """The address buyers see, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read(environ: Mapping[str, str] = os.environ, **over: object) -> Settings:
    """The settings of this process: what `over` says, else ORDERBELL_<NAME>, else the default.

    Raises:
        Misconfigured: a value of the wrong kind.
    """
    values: dict[str, object] = {}
    for each in fields(Settings):
        raw = environ.get(f"ORDERBELL_{each.name.upper()}")
        if each.name in over and over[each.name] is not None:
            values[each.name] = over[each.name]
        elif raw is not None and raw != "":
            values[each.name] = _convert(each.name, raw, type(each.default))
    return Settings(**values)  # type: ignore[arg-type]


def _convert(name: str, raw: str, kind: type) -> object:
    if kind is bool:
        if raw.lower() not in _SWITCH:
            raise Misconfigured(f"ORDERBELL_{name.upper()} must be 0 or 1, not {raw!r}.")
        return _SWITCH[raw.lower()]
    if kind is int:
        try:
            return int(raw)
        except ValueError:
            raise Misconfigured(f"ORDERBELL_{name.upper()} must be a whole number, not {raw!r}.") from None
    return Path(raw) if issubclass(kind, Path) else raw
