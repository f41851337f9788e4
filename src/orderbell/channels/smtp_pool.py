"""A few SMTP connections to one account, used again and again."""

from __future__ import annotations

import asyncio

from orderbell.channels.smtp import Account, Line, Reply, SmtpLost, SmtpRefused, Step, connect

MAX_CONNECTIONS = 8
IDLE_S = 30.0
QUEUE_S = 15.0
_SERVICE_CLOSING = 421


class Pool:
    """The connections of one account: at most eight, the last used first, idle ones closed after half a minute."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._idle: list[Line] = []
        self._seats = asyncio.Semaphore(MAX_CONNECTIONS)
        self._broom: asyncio.TimerHandle | None = None

    async def hand_over(self, sender: str, reader: str, content: bytes) -> Reply:
        """Give one mail to the server, over an open connection when there is one.

        Raises:
            SmtpRefused: the server said no.
            SmtpLost: no connection, or it broke on the way.
            NotAllowedTarget: see `connect`.
        """
        await self._sit_down()
        try:
            return await self._by_any_line(sender, reader, content)
        finally:
            self._seats.release()

    async def _sit_down(self) -> None:
        if not self._seats.locked():
            await self._seats.acquire()
            return
        try:
            async with asyncio.timeout(QUEUE_S):
                await self._seats.acquire()
        except TimeoutError:
            raise SmtpLost("All connections to the mail server are busy.") from None

    async def close(self) -> None:
        """Close every idle connection."""
        if self._broom is not None:
            self._broom.cancel()
            self._broom = None
        while self._idle:
            self._idle.pop().close()

    async def _by_any_line(self, sender: str, reader: str, content: bytes) -> Reply:
        line = self._take_idle()
        if line is not None:
            try:
                return await self._by(line, sender, reader, content)
            except SmtpLost as lost:
                if not lost.stale:
                    raise
            except SmtpRefused as refused:
                if refused.code != _SERVICE_CLOSING or refused.step is not Step.SENDER:
                    raise
            # The server had tired of that connection before it saw this mail; a fresh one decides.
        return await self._by(await connect(self._account), sender, reader, content)

    async def _by(self, line: Line, sender: str, reader: str, content: bytes) -> Reply:
        try:
            return await line.hand_over(sender, reader, content)
        finally:
            self._give_back(line)

    def _take_idle(self) -> Line | None:
        # The last used is the least likely to have been closed by the server meanwhile.
        while self._idle:
            line = self._idle.pop()
            if line.ready:
                return line
            line.close()
        return None

    def _give_back(self, line: Line) -> None:
        if not line.ready:
            line.close()
            return
        loop = asyncio.get_running_loop()
        line.idle_since = loop.time()
        self._idle.append(line)
        if self._broom is None:
            self._broom = loop.call_later(IDLE_S, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        stale_before = loop.time() - IDLE_S
        for line in [each for each in self._idle if each.idle_since <= stale_before or not each.ready]:
            self._idle.remove(line)
            line.close()
        self._broom = loop.call_later(IDLE_S, self._sweep) if self._idle else None
