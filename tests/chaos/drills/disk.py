"""C5: the disk fills up and comes back. C8: a sync that fails ends the process, and nothing is tried again."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from pathlib import Path

import httpx

from orderbell.base.settings import Settings
from orderbell.store.migrate import migrate
from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import check, ended, shopper
from tests.crash.stage import Stage

ORDERS = 3000
FILLS = 12
SMALL, LARGE = "9m", "256m"
STOPPED_BY_ITSELF = 70
REFUSALS = {"disk_full", "database_busy"}


async def run(run: Run) -> list[Verdict]:
    """A small disk that fills up by itself, then by others at random moments; then a disk that cannot sync."""
    if "sqlite" not in run.databases:
        return []
    if run.mutant == "stop_on_io_error":
        return [await _unsyncable(run)]
    return [await _full(run), await _unsyncable(run)]


async def _full(run: Run) -> Verdict:
    disk = run.folder / "disk"
    disk.mkdir()
    _mount(disk, f"size={SMALL}")
    try:
        return await _fill(run, disk)
    finally:
        _unmount(disk)


async def _fill(run: Run, disk: Path) -> Verdict:
    settings = Settings(data_dir=disk, lease_s=9, allow_private_targets=True)
    migrate(settings)
    stage = Stage(settings, stock=100)
    await stage.set_up(accounts=False)
    stage.start()
    stage.wait_up()
    log = run.folder / "log"
    till = shopper(stage, log, run.of(ORDERS, least=600), connections=4, batch=2, until_s=200)
    filled = await _until_refused(log)
    alive = await asyncio.to_thread(lambda: httpx.get(f"{stage.url}/healthz", timeout=5).status_code)
    _mount(disk, f"remount,size={LARGE}")
    run.say(f"full by itself: {filled}; space is back")
    dice = run.dice("fill")
    for _ in range(run.of(FILLS, least=3)):
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        _fill_up(disk)
        await asyncio.sleep(dice.uniform(0.3, 1.2))
        (disk / "ballast").unlink()
    left = await ended(till, 300)
    same = stage.running
    stage.tear_down()
    # The disk goes with the drill; what the server said last is kept.
    (run.folder / "server.log").write_bytes((disk / "server.log").read_bytes()[-20_000:])
    found = check("kept", stage.database, log)
    refusals = _codes(log)
    held = found["lost_count"] == found["half_requests"] == found["half_rows"] == found["bare_503"] == 0
    went_on = same and not left and alive == 200
    ok = held and went_on and filled and found["integrity"] == "ok" and set(refusals) <= REFUSALS
    words = (
        f"disk filled {1 + run.of(FILLS, least=3)} times: {sum(refusals.values())} refusals {dict(refusals)}, "
        f"{found['acked']} acknowledged, {found['lost_count']} lost, {found['half_rows']} half rows, "
        f"integrity {found['integrity']}, {'went on by itself' if went_on else 'did not recover'}"
    )
    return Verdict("C5", ok, words, found)


def _mount(disk: Path, options: str) -> None:
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=False)
    if done.returncode:
        raise PermissionError("a small disk cannot be mounted here: run this drill as root")


def _unmount(disk: Path) -> None:
    subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill_up(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while ballast.write(bytes(size)):
                    pass
            except OSError:
                continue


async def _until_refused(log: Path, within_s: float = 90) -> bool:
    """Wait until the disk filled up by itself, and some refusals longer."""
    for _ in range(int(within_s * 5)):
        await asyncio.sleep(0.2)
        if log.exists() and log.read_text().count('"status": 503') >= 20:
            return True
    return False


def _codes(log: Path) -> Counter[str]:
    """What the refusals said."""
    said: Counter[str] = Counter()
    for line in map(json.loads, log.read_text().splitlines()):
        if line["status"] != 202:
            try:
                said[json.loads(line["words"])["code"]] += 1
            except (ValueError, KeyError):
                said[f"{line['status']} {line['words'][:40]}"] += 1
    return said


async def _unsyncable(run: Run) -> Verdict:
    stage = Stage(run.settings("sqlite", lease_s=9), stock=100)
    await stage.set_up(accounts=False)
    watched = ["-P", str(stage.settings.sqlite_path) + "-wal", "-e", "trace=fsync,fdatasync"]
    failing = ["-e", "inject=fsync,fdatasync:error=EIO:when=60+"]
    stage.start(prefix=["strace", "-f", "-qq", "-o", "/dev/null", *watched, *failing])
    stage.wait_up()
    till = shopper(stage, stage.folder / "log", 600, connections=4, until_s=60)
    code = await stage.exit_code(20)
    stage.start()
    stage.wait_up()
    left = await ended(till, 90)
    stage.tear_down()
    found = check("kept", stage.database, stage.folder / "log")
    ok = code == STOPPED_BY_ITSELF and found["lost_count"] == 0 and found["integrity"] == "ok" and not left
    how = f"stopped by itself with {code}" if code is not None else "went on after a failed sync"
    words = f"{how}; {found['acked']} acknowledged in all, {found['lost_count']} lost"
    return Verdict("C8", ok, words, found | {"exit": code})
