"""The key file: the root key, and the keys that wrap the shops' data keys, the newest first.

One line of 64 hex digits is root and wrapping key in one: how every house begins. After a rotation the file has a
`root` line and one or two `wrap` lines. It is only ever replaced whole, so that a process killed at any moment
leaves a file that opens everything.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from orderbell.base import files
from orderbell.base.errors import Misconfigured

_KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """What a key file holds. `wraps` opens data keys, its first one closes them."""

    root: bytes
    wraps: tuple[bytes, ...]

    @property
    def is_rotating(self) -> bool:
        """Whether data keys may still be closed with an older wrapping key."""
        return len(self.wraps) > 1


def read_or_make(path: Path) -> Keys:
    """The keys of that file; a missing file is made with mode 0600.

    Raises:
        Misconfigured: `key_file_bad` or `key_file_open`, others may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(path, f"{secrets.token_hex(_KEY_BYTES)}\n".encode())
        files.sync(path.parent)
    return read(path)


def read(path: Path) -> Keys:
    """The keys of a file that is there.

    Raises:
        Misconfigured: `key_file_missing`, `key_file_bad` or `key_file_open`.
    """
    if not path.exists():
        raise Misconfigured(f"The key file {path} is not there; put it back.", code="key_file_missing")
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"{path} may be read by others; run: chmod 600 {path}", code="key_file_open")
    lines = [line.split() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    if len(lines) == 1 and len(lines[0]) == 1:
        key = _key(path, lines[0][0])
        return Keys(root=key, wraps=(key,))
    named = [(words[0], _key(path, words[1])) for words in lines if len(words) == 2]
    roots = [key for name, key in named if name == "root"]
    wraps = tuple(key for name, key in named if name == "wrap")
    if len(named) != len(lines) or len(roots) != 1 or not wraps or len(wraps) + 1 != len(lines):
        raise _bad(path)
    return Keys(root=roots[0], wraps=wraps)


def add_wrap(path: Path) -> Keys:
    """Put a fresh wrapping key first; the one before it stays until `drop_old_wraps`."""
    keys = read(path)
    return _replace(path, replace(keys, wraps=(secrets.token_bytes(_KEY_BYTES), *keys.wraps)))


def drop_old_wraps(path: Path) -> Keys:
    """Keep the newest wrapping key only; for when no data key is closed with an older one."""
    keys = read(path)
    return _replace(path, replace(keys, wraps=keys.wraps[:1]))


def _replace(path: Path, keys: Keys) -> Keys:
    lines = [f"root {keys.root.hex()}", *(f"wrap {key.hex()}" for key in keys.wraps)]
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    files.write_new(fresh, ("\n".join(lines) + "\n").encode())
    fresh.replace(path)
    files.sync(path.parent)
    return keys


def _key(path: Path, text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise _bad(path)
    return key


def _bad(path: Path) -> Misconfigured:
    return Misconfigured(f"{path} must hold 64 hex digits, alone or behind `root` and `wrap`.", code="key_file_bad")
