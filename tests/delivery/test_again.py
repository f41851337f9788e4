"""Messages sent again in bulk: in steps, once each, stopped at any moment, and gone on with after a restart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.cast import Shopkeeper

from orderbell.base.errors import BadInput, Conflict
from orderbell.delivery import again, outbox
from orderbell.runtime import timers
from orderbell.runtime.clockwatch import ClockWatch
from orderbell.store.database import Tx
from orderbell.store.schema import Message, ResendJob, State, Timer


async def failed(shop: Shopkeeper, most: int) -> list[str]:
    """So many messages that failed: copies of one that was sent."""
    await shop.stock("KEY-1")
    await shop.says("order.paid", "N-1")
    await shop.settled()
    old = (await shop.messages(channel="email", event_type="order.delivered"))[0]
    now = shop.house.clock.now()
    ended: dict[str, Any] = {"status": "failed", "state": int(State.STUCK), "resend_of": None, "lane": 2}
    rows = [outbox.copy_of(old, now=now, due_at=now) | ended for _ in range(most)]
    await shop.house.store.write(lambda tx: tx.execute(insert(Message), rows))
    return sorted(row["id"] for row in rows)


async def begin(shop: Shopkeeper, ids: list[str]) -> str:
    """Start a job."""
    now = shop.house.clock.now()
    return await shop.house.store.write(lambda tx: again.begin(tx, shop.id, ids, query="q", by="test", now=now))


async def run(shop: Shopkeeper, job_id: str, steps: int = 99) -> Any:
    """Let a job's timers ring without waiting for them; the job as it stands then."""

    def ring(tx: Tx) -> Any:
        waits = select(Timer.__table__).where(Timer.subject_id == job_id, Timer.state < int(State.DONE))
        for _ in range(steps):
            timer = tx.execute(waits).first()
            if timer is None:
                break
            again.step(tx, timer, now=shop.house.clock.now())
            tx.execute(update(Timer).where(Timer.id == timer.id).values(state=int(State.DONE)))
        return again.find(tx, shop.id, job_id)

    return await shop.house.store.write(ring)


async def copies(shop: Shopkeeper) -> list[str]:
    """What was repeated, each as often as it was."""
    return sorted(row.resend_of for row in await shop.messages() if row.resend_of)


async def test_every_message_of_a_job_is_sent_again_once(shop: Shopkeeper) -> None:
    ids = await failed(shop, again.STEP + 7)
    job = await run(shop, await begin(shop, ids))
    assert (job.status, job.resent, job.skipped, job.total) == ("done", len(ids), 0, len(ids))
    assert await copies(shop) == ids


async def test_a_step_sends_only_a_few(shop: Shopkeeper) -> None:
    job = await run(shop, await begin(shop, await failed(shop, again.STEP + 7)), steps=1)
    assert (job.status, job.resent) == ("running", again.STEP)


async def test_two_jobs_of_the_same_messages_send_each_once(shop: Shopkeeper) -> None:
    ids = await failed(shop, 3)
    first, second = await begin(shop, ids), await begin(shop, ids)
    await run(shop, first)
    job = await run(shop, second)
    assert (job.resent, job.skipped) == (0, 3) and await copies(shop) == ids


async def test_a_stopped_job_leaves_the_rest_unsent(shop: Shopkeeper) -> None:
    ids, now = await failed(shop, again.STEP + 7), shop.house.clock.now()
    job_id = await begin(shop, ids)
    await run(shop, job_id, steps=1)
    await shop.house.store.write(lambda tx: again.call_off(tx, shop.id, job_id, by="test", now=now))
    job = await run(shop, job_id)
    assert job.status == "cancelled" and await copies(shop) == ids[: again.STEP]


async def test_a_job_that_ended_cannot_be_stopped(shop: Shopkeeper) -> None:
    job_id, now = await begin(shop, await failed(shop, 1)), shop.house.clock.now()
    await run(shop, job_id)
    with pytest.raises(Conflict):
        await shop.house.store.write(lambda tx: again.call_off(tx, shop.id, job_id, by="test", now=now))


async def test_what_did_not_fail_is_passed_over(shop: Shopkeeper) -> None:
    await failed(shop, 1)
    sent = [row.id for row in await shop.messages(status="delivered")]
    job = await run(shop, await begin(shop, sent))
    assert job.skipped == len(sent) > 0 and await copies(shop) == []


async def test_a_message_that_was_sent_again_is_stuck_no_more(shop: Shopkeeper) -> None:
    await run(shop, await begin(shop, await failed(shop, 2)))
    assert await shop.stuck() == []


async def test_the_houses_own_ticker_works_a_job_off(shop: Shopkeeper) -> None:
    job_id = await begin(shop, await failed(shop, 2))
    soon = shop.house.clock.now() + again.BEGINS_AFTER + timedelta(seconds=1)

    class Later:
        def now(self) -> Any:
            return soon

    await shop.house.store.write(lambda tx: timers.ring(tx, ClockWatch(Later()), lease_s=60))
    assert (await shop.rows(ResendJob, id=job_id))[0].status == "done"


@pytest.mark.parametrize("ids", [[], ["msg_x"] * (again.MOST + 1)])
async def test_nothing_and_far_too_much_are_refused(shop: Shopkeeper, ids: list[str]) -> None:
    with pytest.raises(BadInput):
        await begin(shop, ids)
