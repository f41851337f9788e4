"""What people do while a server dies: import cards, look at goods, replace a card, have a message sent again.

Each deed is done until it is acknowledged; then it is a line of `acks`, and the checker asks for its trace.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp

from tests.chaos.stage import ChaosStage
from tests.crash.checker import ask

PIECES = 20
_CSRF = re.compile(r'name="_csrf_token" value="([^"]+)"')
_DELIVERED = """SELECT o.id, o.number, o.link_gen, s.id FROM orders o JOIN slot s ON s.order_id = o.id
    WHERE o.status = 'delivered' AND s.gen = 0 AND s.origin = 'vault' ORDER BY o.id DESC LIMIT 200"""
_SENT = """SELECT id FROM message WHERE status = 'sent' AND channel = 'email' AND audience = 'buyer'
    AND resend_of IS NULL ORDER BY id DESC LIMIT 200"""


@dataclass
class People:
    """The owner and the buyers of a stage's shop."""

    stage: ChaosStage
    imported: int = 0
    _busy_with: dict[str, Any] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)

    async def finish(self) -> None:
        """Do to its end what a death of the server broke off."""
        for kind in list(self._busy_with):
            doing = asyncio.create_task(self.keep_doing(kind))
            while kind in self._busy_with:
                await asyncio.sleep(0.02)
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)

    async def keep_doing(self, kind: str) -> None:
        """One deed after another until the server dies; one that was not acknowledged comes first the next time."""
        deed: Callable[[aiohttp.ClientSession], Awaitable[str]] = getattr(self, f"_{kind}")
        jar = aiohttp.CookieJar(unsafe=True)
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(self.stage.url, cookie_jar=jar, timeout=timeout) as session:
            session.cookie_jar.update_cookies({"ob_session": self.stage.session, "ob_lang": "en"})
            while True:
                try:
                    done = await deed(session)
                except (aiohttp.ClientError, TimeoutError):
                    done = ""
                if done:
                    with self.stage.acks.open("a") as log:
                        print(done, file=log)
                await asyncio.sleep(0.02)

    def _pick(self, kind: str, sql: str) -> Any:
        """What this deed is about: the one that is under way, else one that was not chosen before."""
        if kind not in self._busy_with:
            rows = ask(self.stage.database, sql)
            fresh = next((row for row in rows if f"{kind}{row[-1]}" not in self._done), None)
            if fresh is None:
                return None
            self._done.add(f"{kind}{fresh[-1]}")
            self._busy_with[kind] = fresh
        return self._busy_with[kind]

    def _finish(self, kind: str, answer: aiohttp.ClientResponse, line: str) -> str:
        if answer.status >= 500:
            return ""
        self._busy_with.pop(kind)
        return line if answer.status < 400 else ""

    async def _import(self, session: aiohttp.ClientSession) -> str:
        n = self._busy_with.setdefault("import", self.imported)
        body = {"cards": [f"MORE-{n}-{piece}" for piece in range(PIECES)]}
        headers = {"Authorization": f"Bearer {self.stage.token}", "Idempotency-Key": f"import-{n}"}
        async with session.post("/v1/products/steam-100/cards", json=body, headers=headers) as answer:
            await answer.read()
        self.imported += answer.status < 500
        return self._finish("import", answer, f"import:{n}:{PIECES}")

    async def _resend(self, session: aiohttp.ClientSession) -> str:
        if (row := self._pick("resend", _SENT)) is None:
            return ""
        headers = {"Authorization": f"Bearer {self.stage.token}", "Idempotency-Key": f"again-{row[0]}"}
        async with session.post(f"/v1/messages/{row[0]}/resend", headers=headers) as answer:
            await answer.read()
        return self._finish("resend", answer, f"resend:{row[0]}")

    async def _reveal(self, session: aiohttp.ClientSession) -> str:
        if (row := self._pick("reveal", _DELIVERED)) is None:
            return ""
        assert self.stage.writer is not None
        token = self.stage.writer.order_token(SimpleNamespace(id=row[0], link_gen=row[2]))
        form = await self._form(session, f"/o/{token}")
        async with session.post("/o/reveal", data=form) as answer:
            text = await answer.text()
        return self._finish("reveal", answer, f"reveal:{row[1]}" if "KEY-" in text or "MORE-" in text else "")

    async def _reissue(self, session: aiohttp.ClientSession) -> str:
        if (row := self._pick("reissue", _DELIVERED)) is None:
            return ""
        page = f"/panel/orders/{row[1]}"
        form = await self._form(session, page) | {"slot": row[3], "reason": "used"}
        async with session.post(f"{page}/replace", data=form, allow_redirects=False) as answer:
            await answer.read()
        return self._finish("reissue", answer, f"reissue:{row[1]}" if answer.status == 303 else "")

    async def _form(self, session: aiohttp.ClientSession, page: str) -> dict[str, str]:
        async with session.get(page) as answer:
            found = _CSRF.search(await answer.text())
        return {"_csrf_token": found[1]} if found else {}
