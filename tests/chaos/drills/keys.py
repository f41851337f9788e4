"""D6: the same request with the same key, many times at once and again later, is done once and answered the same."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.chaos.drill import Run, Verdict
from tests.chaos.judging import Finding, judge, sum_up
from tests.chaos.shop import Shop
from tests.chaos.stage import ChaosStage
from tests.crash.checker import ask

REQUESTS = 100
AT_ONCE = 20
_SENT = "SELECT id FROM message WHERE status = 'sent' AND channel = 'email' AND resend_of IS NULL ORDER BY id LIMIT {}"


async def run(run: Run) -> list[Verdict]:
    """On each database."""
    count = run.of(REQUESTS, least=5)
    findings = [each for database in run.databases for each in await _try(run, database, count)]
    return sum_up(findings, f"{count} requests on each database, {AT_ONCE} times at once each, then with another body")


async def _try(run: Run, database: str, count: int) -> list[Finding]:
    stage = ChaosStage(run.settings(database), 2 * count, gift_stock=count)
    await stage.set_up()
    try:
        await asyncio.to_thread(stage.start)
        shop = Shop(stage.url, stage.token, stage.acks, run.dice("keys"))
        shop.plan_orders(0, 2 * count)
        await shop.talk()
        await asyncio.to_thread(stage.settle)
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(stage.url, timeout=timeout) as session:
            rows = ask(stage.database, _SENT.format(count))
            said = [await _ask_often(session, stage.token, row[0]) for row in rows]
        odd = [each for each in said if each]
        findings = await asyncio.to_thread(judge, stage.folder, stage.database)
        once = [each for each in findings if each.promise == "D6"]
        return [
            *once,
            Finding("D6", "all answers are the first, and another body is refused", str(odd[:2] if odd else "")),
        ]
    finally:
        stage.tear_down()


async def _ask_often(session: aiohttp.ClientSession, token: str, message: str) -> str:
    """What is wrong with the answers; empty when nothing is."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"again-{message}"}

    async def post(body: str = "") -> tuple[int, str]:
        async with session.post(f"/v1/messages/{message}/resend", headers=headers, data=body) as answer:
            return answer.status, await answer.text()

    answers = set(await asyncio.gather(*(post() for _ in range(AT_ONCE))))
    answers.add(await post())
    other = await post('{"other": 1}')
    if len(answers) == 1 and other[0] == 409:
        return ""
    return f"{len(answers)} different answers, another body got {other[0]}"
