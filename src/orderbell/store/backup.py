"""Backups: one consistent copy of the database and a manifest that says what must be in it, made while all runs.

A backup is a folder that appears under its name only when it is whole. The secret key is not part of it unless it is
asked for: a thief of the backup alone reads no card.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, func, select

from orderbell.base import files
from orderbell.base.errors import BadInput, NotFound, NotReady
from orderbell.base.secrets import Keyring
from orderbell.base.settings import Settings
from orderbell.store import marker, migrate, pgtools, postgres, sqlite
from orderbell.store.schema import METADATA

MANIFEST = "manifest.json"
FILES = {"sqlite": "orderbell.db", "postgresql": "orderbell.dump"}
KEY_FILE = "secret.key"
FORMAT = 1
_NAME = re.compile(r"orderbell-\d{8}T\d{6}Z")
_PIECE_BYTES = 2**20


class FileMark(msgspec.Struct, frozen=True):
    """How a file of a backup is known again."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup must hold. `journal`: how far its database knows each allocation journal file, by id."""

    format: int
    release: str
    made_at: datetime
    database: Literal["sqlite", "postgresql"]
    shape: str
    key_check: str
    files: dict[str, FileMark]
    rows: dict[str, int]
    journal: dict[str, int]

    @property
    def database_file(self) -> str:
        """The name of the database's file."""
        return FILES[self.database]


def make(settings: Settings, keyring: Keyring, target: Path, *, now: datetime, with_keys: bool = False) -> Path:
    """Make a backup in a new folder under `target`; that folder. Runs beside `up`, and takes minutes on a large shop.

    Raises:
        NotFound: there is no database yet.
        NotReady: `disk_full`, or PostgreSQL's own tools are missing or refuse.
    """
    folder = target / f"orderbell-{now:%Y%m%dT%H%M%SZ}"
    if folder.exists():
        raise BadInput(f"{folder} exists already.", code="backup_exists")
    part = target / f".{folder.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        manifest = _fill(settings, keyring, part, now=now, with_keys=with_keys)
        files.write_new(part / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        part.rename(folder)
    except OSError as error:
        raise NotReady(f"The backup could not be written: {error.strerror}.", code="backup_failed") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    files.sync(target)
    return folder


def _fill(settings: Settings, keyring: Keyring, part: Path, *, now: datetime, with_keys: bool) -> Manifest:
    kind: Literal["sqlite", "postgresql"] = "postgresql" if settings.database_url else "sqlite"
    if settings.database_url:
        seen = _dump_postgres(settings.database_url, part / FILES[kind])
    else:
        seen = _copy_sqlite(settings.sqlite_path, part / FILES[kind])
    if with_keys:
        files.write_new(part / KEY_FILE, settings.key_path.read_bytes())
    marks = {path.name: measure(path) for path in sorted(part.iterdir())}
    return Manifest(
        format=FORMAT, release=metadata.version("orderbell"), made_at=now, database=kind, shape=seen.shape,
        key_check=keyring.check_value(), files=marks, rows=seen.rows, journal=seen.journal,
    )  # fmt: skip


class Seen(msgspec.Struct, frozen=True):
    """What a database holds."""

    shape: str
    rows: dict[str, int]
    journal: dict[str, int]


def look(tx: Connection) -> Seen:
    """Count the rows of every table this database has."""
    shape = migrate.current(tx)
    if shape is None:
        raise NotFound("There is no database to back up yet; `orderbell up` makes it.", code="no_database")
    known = set(tx.dialect.get_table_names(tx))
    rows = {
        table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
        for table in METADATA.sorted_tables
        if table.name in known
    }
    return Seen(shape, rows, marker.places(tx))


def _copy_sqlite(source: Path, target: Path) -> Seen:
    if not source.exists():
        raise NotFound("There is no database to back up yet; `orderbell up` makes it.", code="no_database")
    with closing(_read_only(source)) as running, closing(dbapi2.connect(str(target))) as copy:
        target.chmod(0o600)
        # In one step: a backup in several starts anew whenever the running house writes.
        running.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
    files.sync(target)
    return look_into(target)


def _read_only(path: Path) -> Any:
    return dbapi2.connect(f"file:{quote(str(path))}?mode=ro", uri=True)


def look_into(path: Path) -> Seen:
    """What a SQLite copy holds; the file is not changed."""
    engine = open_copy(path)
    try:
        with engine.connect() as tx:
            return look(tx)
    finally:
        engine.dispose()


def open_copy(path: Path) -> Engine:
    """An engine on a copy that nobody else uses."""
    return sqlite.make_engine(path, read_only=True, journal_mode="DELETE")


def _dump_postgres(url: str, target: Path) -> Seen:
    engine = postgres.make_engine(url, connections=1)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as tx:
            # The dump and the counts see the same moment.
            snapshot = tx.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            pgtools.dump(url, target, snapshot=snapshot)
            return look(tx)
    finally:
        engine.dispose()


def measure(path: Path) -> FileMark:
    """The mark of a file, once it is safe on the disk."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
        os.fsync(file.fileno())
    return FileMark(digest.hexdigest(), path.stat().st_size)


def every(target: Path) -> list[Path]:
    """The whole backups in a folder, oldest first."""
    if not target.is_dir():
        return []
    return sorted(path for path in target.iterdir() if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file())


def thin_out(target: Path, keep: int) -> list[Path]:
    """Take the oldest backups away until `keep` are left; those that went."""
    gone = every(target)[:-keep] if keep > 0 else []
    for folder in gone:
        shutil.rmtree(folder)
    return gone


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        NotFound: there is none.
        BadInput: it cannot be read, or a newer release wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFound(f"{folder} is not a backup: it holds no {MANIFEST}.", code="no_backup")
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise BadInput(f"{path} cannot be read: {error}.", code="backup_damaged") from None
    if manifest.format > FORMAT:
        raise BadInput(f"{folder} was made by a newer release ({manifest.release}).", code="backup_too_new")
    return manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """Let pass a backup whose files are what they were.

    Raises:
        BadInput: `backup_damaged`.
    """
    for name, mark in manifest.files.items():
        path = folder / name
        if not path.is_file() or measure(path) != mark:
            raise BadInput(f"{path} is missing or was altered since the backup was made.", code="backup_damaged")


def differing(wanted: dict[str, int], found: dict[str, int]) -> Iterable[str]:
    """The tables whose row count is not what the manifest says."""
    return [name for name, count in wanted.items() if found.get(name) != count]
