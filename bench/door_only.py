"""The web door and the journal with nobody at work behind them: what a web process is among many machines.

`python -m bench.door_only DIR PORT` prints its API key as one line of JSON and serves until SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server

from orderbell.base import log, settings
from orderbell.cli.up import found
from orderbell.runtime import deeds
from orderbell.runtime.house import build
from orderbell.store.migrate import migrate
from orderbell.web.app import make_app


async def serve(data: Path, port: int) -> None:
    """Take events and write them down; the worker and the sender are never started."""
    chosen = settings.read(data_dir=data, port=port)
    log.set_up(chosen.log_level)
    migrate(chosen)
    house = build(chosen)
    await found(house)
    token = (await deeds.do(house, "key.create", {"name": "bench"}))["token"]
    server = Server(
        make_app(house), address=chosen.host, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    serving = asyncio.create_task(server.serve())
    print(json.dumps({"token": token}), flush=True)
    await asyncio.wait([asyncio.create_task(stop.wait()), serving], return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    await asyncio.gather(serving, return_exceptions=True)
    await house.engine.close()
    await house.channels.close()
    await house.store.close()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
