"""H1: a card key is in clear only in memory. A thousand marked keys live a whole life; no file may hold one of them."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.checks.canaries import clothes
from tests.chaos.drill import Run, Verdict
from tests.chaos.scene import ended
from tests.crash.stage import Stage

KEYS, ORDERS, BROUGHT = 1000, 300, 40
_LINK = re.compile(r"https?://[^\s\"'<>]+(/o/[A-Za-z0-9_.\-]+)")
_CSRF = re.compile(r'name="_csrf_token" value="([^"]+)"')


async def run(run: Run) -> list[Verdict]:
    """The same life on each database; then every file it left is searched."""
    return [await _live(run, database) for database in (("sqlite",) if run.mutant else run.databases)]


async def _live(run: Run, database: str) -> Verdict:
    mark = f"Q{run.dice('mark').randrange(10**11, 10**12)}Z"
    os.environ["TMPDIR"] = str(run.folder / "tmp")
    Path(os.environ["TMPDIR"]).mkdir(exist_ok=True)
    stage = Stage(run.settings(database, lease_s=9), stock=0)
    await stage.set_up()
    try:
        answers = await _life(run, stage, mark)
    finally:
        stage.tear_down()
    (stage.folder / "answers").write_text("\n".join(answers), encoding="utf-8")
    seen = _seen(mark, stage.folder, "secret.key")
    if database == "postgresql":
        inside = _seen(mark, run.folder / "postgres")
        seen = {name: seen[name] + inside[name] for name in seen}
    control = _control(run, mark)
    ok = not seen["hits"] and not control and len(answers) > 10
    words = f"{database}: {len(seen['hits'])} hits in {seen['files']} files, {seen['bytes'] >> 20} MB"
    more = (
        f"; first: {seen['hits'][:5]}" if seen["hits"] else f"; the search itself is blind to {control}" * bool(control)
    )
    return Verdict("H1", ok, words + more, {"hits": len(seen["hits"]), "files": seen["files"], "bytes": seen["bytes"]})


async def _life(run: Run, stage: Stage, mark: str) -> list[str]:
    """Import, sell, reveal, resend, refuse, crash, change keys; every answer but the reveal's own."""
    stage.start()
    stage.wait_up()
    orders, keys = run.of(ORDERS, least=20), run.of(KEYS, least=60)
    head = {"authorization": f"Bearer {stage.token}"}
    async with httpx.AsyncClient(base_url=stage.url, headers=head, timeout=60) as program:
        told = await _import(program, [f"{mark}-{n}" for n in range(keys)])
        if run.mutant:
            return [*told, *await _look_everywhere(program)]
        assert await ended(stage.client(1, orders // 2), 120) == 0
        stage.kill()
        stage.start()
        stage.wait_up()
        assert await ended(stage.client(orders // 2 + 1, orders - orders // 2), 120) == 0
        told += await _bring(program, mark, run.of(BROUGHT, least=5))
        await _mailed(stage, orders)
        told += await _reveal(stage, mark)
        told += await _look_everywhere(program)
        _rotate(stage, "--data-keys")
        _rotate(stage)
    told += [line["raw"] for line in stage.ledger("hook")]
    return told


async def _import(program: httpx.AsyncClient, keys: list[str]) -> list[str]:
    path, once = "/v1/products/steam-100/cards", {"idempotency-key": "canaries"}
    bodies: list[Any] = [{"cards": keys}, {"cards": keys}, {"cards": [keys[0], f"{keys[1]}\x07", keys[2] * 1000]}]
    told = [(await program.post(path, json=body, headers=once)).text for body in bodies]
    text = "\n".join(keys).encode()
    told.append((await program.post(path, content=text, headers={"content-type": "text/plain"})).text)
    # Broken on purpose, with a key inside: the refusal must not repeat it.
    told.append((await program.post(path, content=b'{"cards": ["' + text)).text)
    told.append((await program.post("/v1/products/none/cards", json={"cards": keys[:3]})).text)
    return told


async def _bring(program: httpx.AsyncClient, mark: str, count: int) -> list[str]:
    """Orders whose shop handed the goods out itself; then one that cannot be read."""
    told = []
    for n in range(count):
        order = {"number": f"B{n}", "buyer": {"email": "b@example.com"}, "lines": [{"sku": "x", "quantity": 1}]}
        event = {"id": f"b{n}", "type": "order.delivered", "order": order, "goods": [f"{mark}-b{n}"]}
        told.append((await program.post("/v1/events", json=event)).text)
    told.append((await program.post("/v1/events", json={"id": 7, "type": "order.delivered", "goods": [mark]})).text)
    return told


async def _mailed(stage: Stage, orders: int) -> None:
    for _ in range(300):
        if len(stage.ledger("mail")) >= orders:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the mails did not come")


async def _reveal(stage: Stage, mark: str) -> list[str]:
    """A buyer presses the button; only the answer to that may show a key."""
    links = [found[1] for line in stage.ledger("mail") if (found := _LINK.search(line["text"]))]
    told = []
    for path in links[:10]:
        async with httpx.AsyncClient(base_url=stage.url, follow_redirects=True, timeout=30) as browser:
            page = await browser.get(path)
            token = _CSRF.search(page.text)
            shown = await browser.post("/o/reveal", data={"_csrf_token": token[1] if token else ""})
            told += [page.text, (await browser.get("/o")).text]
            assert mark in shown.text, "the buyer must see the key, or this drill proves nothing"
    return told


async def _look_everywhere(program: httpx.AsyncClient) -> list[str]:
    paths = ("/v1/orders?limit=200", "/v1/messages?limit=200", "/v1/products", "/metrics", "/readyz", "/healthz",
             "/docs/openapi.json", "/v1/orders/N1", "/v1/orders/N1/timeline", "/v1/nowhere")  # fmt: skip
    told = [(await program.get(path)).text for path in paths]
    messages = json.loads(told[1]).get("items", [])
    for message in messages[:20]:
        told.append((await program.post(f"/v1/messages/{message['id']}/resend")).text)
    return told


def _rotate(stage: Stage, *options: str) -> None:
    chosen = {"ORDERBELL_DATA_DIR": str(stage.folder), "ORDERBELL_DATABASE_URL": stage.settings.database_url}
    command = [sys.executable, "-m", "orderbell.cli.main", "secrets", "rotate", *options]
    subprocess.run(command, env=os.environ | chosen, check=True, stdout=subprocess.DEVNULL)


def _seen(mark: str, folder: Path, *skipped: str) -> dict[str, Any]:
    # The sink's ledger stands for the buyer's own mailbox; what hooks brought is searched with the answers.
    command = [sys.executable, "-m", "tests.chaos.checks.canaries", str(folder), "ledger", *skipped]
    done = subprocess.run(command, input=mark, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _control(run: Run, mark: str) -> list[str]:
    """The clothes in which the search does not find a mark that is there; must be none."""
    with tempfile.TemporaryDirectory(dir=run.folder) as name:
        for kind, each in clothes(mark).items():
            Path(name, kind).write_bytes(b"before " + each + b" after")
        Path(name, "gzip raw").write_bytes(b"x" * 99 + gzip.compress(f"before {mark} after".encode()) + b"rest")
        found = {how for file, how in _seen(mark, Path(name))["hits"]}
    return sorted((set(clothes(mark)) | {"gzip raw"}) - found)
