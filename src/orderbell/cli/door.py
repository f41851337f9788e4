"""A command's way to the house: through the running process where there is one, else by opening it here.

`up` listens on a socket file in the data directory that only its owner may use; a request is one line of JSON.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from orderbell.base.errors import BadInput, OrderBellError
from orderbell.base.settings import Settings
from orderbell.runtime import deeds
from orderbell.runtime.house import House, build
from orderbell.store import meta
from orderbell.store.migrate import migrate

MAX_LINE = 1_000_000


def socket_path(settings: Settings) -> Path:
    """Where the running process listens."""
    return settings.data_dir / "door.sock"


async def listen(house: House) -> asyncio.Server:
    """Open the door of this process."""
    path = socket_path(house.settings)
    path.unlink(missing_ok=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = msgspec.json.decode(await reader.readline(), type=dict[str, Any])
            told: dict[str, Any] = {"answer": await deeds.do(house, asked["deed"], asked["args"])}
        except OrderBellError as error:
            told = {"code": error.code, "sentence": error.sentence}
        except (msgspec.DecodeError, KeyError, OSError, UnicodeDecodeError) as error:
            told = {"code": "bad_input", "sentence": str(error)}
        writer.write(msgspec.json.encode(told) + b"\n")
        await writer.drain()
        writer.close()

    mask = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(answer, path, limit=MAX_LINE)
    finally:
        os.umask(mask)


async def ask(settings: Settings, deed: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Have a deed done, by the running process or here.

    Raises:
        OrderBellError: what the deed refused.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(socket_path(settings), limit=MAX_LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        return await _do_here(settings, deed, args)
    writer.write(msgspec.json.encode({"deed": deed, "args": args}) + b"\n")
    told = msgspec.json.decode(await reader.readline(), type=dict[str, Any])
    writer.close()
    if "answer" not in told:
        raise BadInput(str(told.get("sentence")), code=str(told.get("code")))
    return dict(told["answer"])


async def _do_here(settings: Settings, deed: str, args: Mapping[str, Any]) -> dict[str, Any]:
    migrate(settings)
    house = build(settings)
    try:
        await house.store.write(lambda tx: meta.check_key(tx, house.keyring))
        return await deeds.do(house, deed, args)
    finally:
        await house.channels.close()
        await house.store.close()
