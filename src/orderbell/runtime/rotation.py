"""Changing keys in a running house, in slices: whoever asks hears how far it is and asks again until it is finished.

Each slice is short, between its pieces the house's own work goes on, and a killed process loses at most one piece.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from orderbell.base import keyfile
from orderbell.base.errors import Misconfigured
from orderbell.domain import rotation
from orderbell.domain.rotation import LAST_STEP, Walk
from orderbell.runtime.house import House

SLICE_S = 3.0
SHOPS_A_PIECE, VALUES_A_PIECE = 100, 500
Args = Mapping[str, Any]


async def rotate_wrapping_key(house: House, args: Args) -> dict[str, Any]:
    """A slice of a new wrapping key's way: the file first, then every shop's data keys, then the old key goes.

    `args` of the next calls are what the one before answered, with `going_on`. With `prepare` only the
    file is changed: for machines that keep a copy of it each. A rotation that was killed is gone on with.

    Raises:
        Misconfigured: `key_file_fixed`, the file cannot be replaced.
    """
    path = house.settings.key_path
    if not args.get("going_on") and not keyfile.read(path).is_rotating:
        await asyncio.to_thread(_change_file, partial(keyfile.add_wrap, path))
    if args.get("prepare"):
        return {"finished": True, "done": 0}
    after, changed, done = str(args.get("after", "")), int(args.get("changed", 0)), int(args.get("done", 0))
    until = time.monotonic() + SLICE_S
    while time.monotonic() < until:
        step = partial(
            rotation.rewrap, keyring=house.keyring, after=after, by="cli", now=house.clock.now(), most=SHOPS_A_PIECE
        )
        last, more = await house.store.write(step)
        after, changed, done = last or "", changed + more, done + more
        if last is None and not changed:
            # A whole round found nothing under an old key: it may go.
            await asyncio.to_thread(_change_file, partial(keyfile.drop_old_wraps, path))
            return {"finished": True, "done": done}
        changed = 0 if last is None else changed
    return {"finished": False, "done": done, "after": after, "changed": changed}


async def rotate_data_keys(house: House, args: Args) -> dict[str, Any]:
    """A slice of the walk that closes every secret with a new data key; begins it, or goes on with it.

    Raises:
        Conflict: `rotated_just_now`, or `walk_elsewhere`.
    """
    walk = await house.store.write(lambda tx: rotation.begin(tx, house.clock.now()))
    until = time.monotonic() + SLICE_S
    while time.monotonic() < until and not walk.is_over:
        began = time.monotonic()
        walk = await _further(house, walk)
        # As long a rest as the work took: orders come first.
        await asyncio.sleep(time.monotonic() - began)
    if walk.is_over:
        await house.store.write(lambda tx: rotation.end(tx, house.clock.now()))
    told = {"done": walk.done, "unreadable": walk.unreadable, "step": walk.step, "steps": LAST_STEP}
    return {"finished": walk.is_over, **told}


async def _further(house: House, walk: Walk) -> Walk:
    piece = await house.store.read(lambda tx: rotation.look(tx, house.keyring, walk, VALUES_A_PIECE))
    if piece is None:
        turn = partial(
            rotation.turn_shops, keyring=house.keyring, walk=walk, by="cli", now=house.clock.now(), most=SHOPS_A_PIECE
        )
        return await house.store.write(turn)
    resealed = await asyncio.to_thread(rotation.reseal, piece)
    return await house.store.write(lambda tx: rotation.keep(tx, resealed))


def _change_file(change: Any) -> None:
    try:
        change()
    except OSError as error:
        raise Misconfigured(
            f"The key file cannot be replaced ({error.strerror}); it must lie in a folder this process may write.",
            code="key_file_fixed",
        ) from None
