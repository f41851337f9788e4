"""What `orderbell doctor` looks at on the machine: SQLite, the disk, what a sync costs, the clock."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from pysqlite3 import dbapi2

from orderbell.base.errors import OrderBellError
from orderbell.base.settings import Settings
from orderbell.store import disk, sqlite

FREE_LEAST_BYTES = 512 * 2**20
SLOW_SYNC_MS = 25.0
"""Above this a lone order waits noticeably; a server's disk needs one or two."""
DRIFT_MOST_S = 0.05
_SYNCS = 20
_WATCHED_S = 0.25


class Advice(OrderBellError):
    """Nothing is broken, but something should be better."""


def sqlite_version(settings: Settings) -> str:
    """Whether the SQLite that is bundled can be trusted."""
    if dbapi2.sqlite_version_info < sqlite.OLDEST:
        raise OrderBellError(f"{dbapi2.sqlite_version} is too old; reinstall pysqlite3 0.6.1 or newer.")
    return f"{dbapi2.sqlite_version}"


def room(settings: Settings) -> str:
    """Whether there is room: half a gigabyte, or twice the log when that is more."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free, log = shutil.disk_usage(settings.data_dir).free, Path(f"{settings.sqlite_path}-wal")
    least = max(FREE_LEAST_BYTES, 2 * log.stat().st_size if log.exists() else 0)
    if free < least:
        raise OrderBellError(f"only {free // 2**20} MB free in {settings.data_dir}; {least // 2**20} MB is the least.")
    return f"{free // 2**20} MB free in {settings.data_dir}"


def file_system(settings: Settings) -> str:
    """Whether the database lies on a disk of this machine."""
    if settings.database_url:
        return "the database is a PostgreSQL server's to keep"
    disk.refuse_network(settings.data_dir)
    return disk.file_system(settings.data_dir) or "this system does not say"


def sync_cost(settings: Settings) -> str:
    """What one sync costs, as the median of twenty."""
    path = Path(settings.data_dir, ".fsync-probe")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        cost_ms = statistics.median(_sync_ms(handle) for _ in range(_SYNCS))
    finally:
        os.close(handle)
        path.unlink()
    if cost_ms > SLOW_SYNC_MS:
        raise Advice(f"{cost_ms:.1f} ms each, median of {_SYNCS}: a slow disk; a lone order waits for it.")
    return f"{cost_ms:.2f} ms each, median of {_SYNCS}"


def _sync_ms(handle: int) -> float:
    os.write(handle, b"x" * 4096)
    began = time.perf_counter()
    os.fdatasync(handle)
    return (time.perf_counter() - began) * 1000


def clock(settings: Settings) -> str:
    """Whether the wall clock runs as the machine's own, and whether somebody sets it."""
    wall, own = time.time(), time.monotonic()
    time.sleep(_WATCHED_S)
    drift_s = (time.time() - wall) - (time.monotonic() - own)
    if abs(drift_s) > DRIFT_MOST_S:
        raise OrderBellError(f"it moved by {drift_s:+.2f} s within {_WATCHED_S} s; see who sets it.")
    set_by_ntp = _ntp()
    if set_by_ntp is False:
        raise Advice("it is not set by NTP; orders will expire and messages be dated by whatever it says.")
    return "steady, set by NTP" if set_by_ntp else "steady; whether NTP sets it cannot be read here"


def _ntp() -> bool | None:
    path = shutil.which("timedatectl")
    if path is None:
        return None
    asked = [path, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=5)
    except subprocess.TimeoutExpired:
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())
