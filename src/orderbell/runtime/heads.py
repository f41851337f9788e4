"""The ends of all audit chains, signed and kept outside the database, so that a cut or rewritten trail shows (H5).

One line of JSON an end; the file is only ever added to. Lay it on another disk, or collect it, to be safe from
whoever can write this one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from orderbell.base import log
from orderbell.base.errors import NotReady
from orderbell.base.secrets import Keyring
from orderbell.base.settings import Settings
from orderbell.domain import audit
from orderbell.domain.audit import Head, Verdict
from orderbell.runtime.house import House
from orderbell.store.database import Tx

EVERY_S = 3600.0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One end of one shop's chain at one moment; `mac` proves that this house wrote it."""

    shop: str
    seq: int
    hash: str
    at: datetime
    mac: str = ""


@dataclass
class Kept:
    """What a file of ends holds: per shop, and how many lines are not ours."""

    heads: dict[str, list[Head]] = field(default_factory=dict)
    forged: int = 0

    def of(self, shop_id: str) -> list[Head]:
        """The ends kept of a shop, the oldest first."""
        return self.heads.get(shop_id, [])


@dataclass(frozen=True)
class HeadFile:
    """The file of a house."""

    path: Path
    key: bytes

    @classmethod
    def of(cls, settings: Settings, keyring: Keyring) -> HeadFile:
        """The file these settings name."""
        chosen = settings.audit_heads_file
        return cls(Path(chosen) if chosen else settings.data_dir / "audit-heads.log", keyring.derive("audit-heads"))

    def read(self) -> Kept:
        """Every end in the file; a line cut short by a crash is none, a line with a wrong proof is counted."""
        kept = Kept()
        text = self.path.read_bytes() if self.path.exists() else b""
        for raw in text.splitlines():
            try:
                line = msgspec.json.decode(raw, type=Line)
            except msgspec.DecodeError:
                continue
            if hmac.compare_digest(line.mac, self._mac(line)):
                kept.heads.setdefault(line.shop, []).append(Head(line.seq, line.hash))
            else:
                kept.forged += 1
        return kept

    def add(self, heads: Mapping[str, Head], at: datetime) -> None:
        """Add these ends, durably."""
        lines = [self._line(shop_id, head, at) for shop_id, head in sorted(heads.items())]
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Begun on a fresh line, in case the one before was cut short.
            os.write(handle, b"\n" + b"\n".join(lines) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)

    def _line(self, shop_id: str, head: Head, at: datetime) -> bytes:
        line = Line(shop=shop_id, seq=head.seq, hash=head.hash, at=at)
        return msgspec.json.encode(msgspec.structs.replace(line, mac=self._mac(line)))

    def _mac(self, line: Line) -> str:
        proven = msgspec.json.encode([line.shop, line.seq, line.hash, line.at])
        return hmac.new(self.key, proven, hashlib.sha256).hexdigest()


async def keep(house: House) -> None:
    """Write down the ends that moved, now and every hour, until cancelled."""
    file = HeadFile.of(house.settings, house.keyring)
    while True:
        try:
            await keep_once(house, file)
        except (NotReady, OSError) as error:
            log.get("audit").error("the ends of the audit trails could not be kept", why=str(error))
        await asyncio.sleep(EVERY_S)


async def keep_once(house: House, file: HeadFile) -> int:
    """Write down the ends that moved since they were last written; how many."""
    known = await asyncio.to_thread(file.read)
    now = await house.store.read(audit.heads)
    moved = {shop_id: head for shop_id, head in now.items() if head.seq and head not in known.of(shop_id)[-1:]}
    if moved:
        await asyncio.to_thread(file.add, moved, house.clock.now())
    return len(moved)


async def verify(house: House, shop_id: str) -> tuple[Verdict, Kept]:
    """Read a shop's whole trail, against the ends that were kept of it."""
    kept = await asyncio.to_thread(HeadFile.of(house.settings, house.keyring).read)
    found = await house.store.read(lambda tx: audit.verify(tx, shop_id, kept.of(shop_id)))
    return found, kept


async def verify_all(house: House, args: Mapping[str, Any]) -> dict[str, Any]:
    """The trail of every shop, or of the one `args` names."""
    wanted = args.get("shop")

    def shops(tx: Tx) -> list[str]:
        return [wanted] if wanted else sorted(audit.heads(tx))

    lines = []
    for shop_id in await house.store.read(shops):
        found, kept = await verify(house, shop_id)
        why = "forged_head" if found.ok and kept.forged else found.why
        lines.append({
            "shop": shop_id, "rows": found.rows, "why": why, "at_seq": found.at_seq, "heads": len(kept.of(shop_id)),
        })  # fmt: skip
    return {"shops": lines}
