"""Looks for a mark in every file of a folder, in whatever clothes: raw, base64, hex, UTF-16, gzip (promise H1).

Run: python -m tests.chaos.checks.canaries FOLDER [SKIPPED…] with the mark on standard input, so that no command line
and no file holds it. Prints JSON: files and bytes read, and each hit as [file, clothes].
"""

from __future__ import annotations

import base64
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

_GZIP = b"\x1f\x8b\x08"
_MOST_UNPACKED = 64 * 1024 * 1024
_MOST_STREAMS = 1000


def clothes(mark: str) -> dict[str, bytes]:
    """The mark as it may be stored; base64 in each of its three alignments, without the ends its neighbours change."""
    raw = mark.encode()
    found = {
        "raw": raw, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(), "reversed": raw[::-1],
        "utf-16-le": mark.encode("utf-16-le"), "utf-16-be": mark.encode("utf-16-be"),
    }  # fmt: skip
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw)
        found[f"base64+{shift}"] = whole[-(-shift * 8 // 6) : len(raw) * 8 // 6]
    return found


def streams(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and what unpacks from every gzip stream inside."""
    yield "", content
    place = content.find(_GZIP)
    for _ in range(_MOST_STREAMS):
        if place < 0:
            return
        try:
            yield "gzip ", zlib.decompressobj(31).decompress(content[place:], _MOST_UNPACKED)
        except zlib.error:
            yield "gzip ", b""
        place = content.find(_GZIP, place + 1)


def search(folder: Path, mark: str, skipped: set[str]) -> dict[str, object]:
    """Every place in a folder where the mark stands."""
    wanted = clothes(mark)
    hits: list[tuple[str, str]] = []
    files = read = 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in skipped:
            continue
        content = path.read_bytes()
        files, read = files + 1, read + len(content)
        for how, inner in streams(content):
            hits += [(str(path.relative_to(folder)), how + name) for name, each in wanted.items() if each in inner]
    return {"files": files, "bytes": read, "hits": hits}


if __name__ == "__main__":
    print(json.dumps(search(Path(sys.argv[1]), sys.stdin.read().strip(), set(sys.argv[2:]))))
