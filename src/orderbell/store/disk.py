"""What kind of disk a folder lies on; SQLite's log needs one that keeps its word about locks and syncs."""

from __future__ import annotations

import re
from pathlib import Path

from orderbell.base.errors import Misconfigured

_MOUNTS = Path("/proc/self/mountinfo")
# SQLite's manual, "Write-Ahead Logging", read 2026-11-22: all processes must be on one host, no network file system.
_NETWORK = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|ceph|glusterfs|lustre|beegfs|drvfs|9p|fuse\.(?!.*overlay).+)"
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def file_system(path: Path) -> str:
    """The kind of file system a folder lies on, as the kernel calls it; empty where the system does not say."""
    if not _MOUNTS.exists():
        return ""
    place, best, kind = path.resolve(), -1, ""
    for line in _MOUNTS.read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        mount = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), fields.split()[4]))
        # Of two mounts on one place the later one covers the other.
        if len(mount.parts) >= best and place.is_relative_to(mount):
            best, kind = len(mount.parts), rest.split()[0]
    return kind


def is_network(kind: str) -> bool:
    """Whether a file system of that kind may lie about locks or syncs."""
    return _NETWORK.fullmatch(kind) is not None


def refuse_network(path: Path) -> None:
    """Let pass a folder on a disk of this machine.

    Raises:
        Misconfigured: `network_disk`.
    """
    if is_network(kind := file_system(path)):
        raise Misconfigured(
            f"{path} lies on a network file system ({kind}), which can damage the database; choose a disk of this "
            "machine, or PostgreSQL.",
            code="network_disk",
        )


def same_disk(one: Path, other: Path) -> bool:
    """Whether two folders, or those above them that exist, lie on one device."""
    return _there(one).stat().st_dev == _there(other).stat().st_dev


def _there(path: Path) -> Path:
    path = path.resolve()
    while not path.exists():
        path = path.parent
    return path
