"""Sending, with a real server on loopback as the provider: taken, refused, later, and what a crash leaves behind."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import update
from tests.delivery.conftest import Desk, HttpSink, SmtpSink

from orderbell.base.errors import Conflict, NotFound
from orderbell.channels.base import Taken
from orderbell.delivery import accounts, outbox
from orderbell.delivery.record import Landed, record
from orderbell.store.schema import Attempt, Audit, Message, Provider, State

GOODS = {"event_type": "order.delivered", "channel": "email"}
NO_USER = {"RCPT": "550 5.1.1 no such user"}


async def test_what_a_provider_took_is_sent_with_its_words(hooked: Desk, http_sink: HttpSink) -> None:
    await hooked.hears("order.paid")
    await hooked.send()
    message = await hooked.message(channel="webhook")
    (attempt,) = await hooked.shop.rows(Attempt, message_id=message.id)
    assert (message.status, message.sent_at, message.state) == ("sent", hooked.clock.now(), State.DONE)
    assert (attempt.outcome, attempt.words, attempt.n) == ("taken", "200 ok", 1)
    assert http_sink.got[0][0]["webhook-id"] == message.id


async def test_an_endpoint_that_is_gone_is_not_asked_again(hooked: Desk, http_sink: HttpSink) -> None:
    http_sink.status = 410
    await hooked.hears("order.paid")
    await hooked.send()
    message = await hooked.message(channel="webhook")
    assert (message.status, message.reason, message.state) == ("failed", "refused_recipient", State.DONE)
    hooked.clock.turn(days=9)
    await hooked.send()
    assert len(http_sink.got) == 1


async def test_a_provider_that_asks_for_patience_gets_it(hooked: Desk, http_sink: HttpSink) -> None:
    http_sink.status, http_sink.headers = 503, {"Retry-After": "120"}
    await hooked.hears("order.paid")
    await hooked.send()
    message = await hooked.message(channel="webhook")
    assert (message.status, message.reason) == ("queued", "will_retry")
    assert message.due_at == hooked.clock.now() + timedelta(seconds=120)
    hooked.clock.turn(seconds=119)
    await hooked.send()
    assert len(http_sink.got) == 1


async def test_every_try_carries_the_same_name(hooked: Desk, http_sink: HttpSink) -> None:
    http_sink.status = 500
    await hooked.hears("order.paid")
    await hooked.send()
    http_sink.status = 200
    hooked.clock.turn(seconds=30)
    await hooked.send()
    message = await hooked.message(channel="webhook")
    assert (message.status, await hooked.outcomes(message.id)) == ("sent", ["later", "taken"])
    assert {headers["webhook-id"] for headers, _, _ in http_sink.got} == {message.id}


async def test_when_all_tries_are_used_up_a_person_must_look(mailing: Desk, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies = {"RCPT": "451 4.3.0 later"}
    await mailing.hears("order.paid")
    for _ in range(8):
        await mailing.send()
        mailing.clock.turn(minutes=20)
    message = await mailing.message(**GOODS)
    assert (message.state, message.status, message.reason) == (State.STUCK, "failed", "no_more_tries")
    assert await mailing.outcomes(message.id) == ["later"] * 7
    assert [task.kind for task in await mailing.shop.tasks()] == ["not_delivered"]


async def test_goods_that_a_mailbox_refused_meet_a_persons_eye(mailing: Desk, smtp_sink: SmtpSink) -> None:
    smtp_sink.replies = NO_USER
    await mailing.hears("order.paid")
    await mailing.send()
    message = await mailing.message(**GOODS)
    (task,) = await mailing.shop.tasks()
    assert (message.status, message.reason) == ("failed", "refused_recipient")
    assert (task.kind, task.subject_id) == ("not_delivered", message.id)
    assert "no such user" in task.detail["words"]


async def test_what_is_no_longer_true_is_not_sent(mailing: Desk, smtp_sink: SmtpSink) -> None:
    await mailing.hears("order.paid")
    await mailing.hears("order.refunded")
    await mailing.send()
    message = await mailing.message(**GOODS)
    assert (message.status, message.reason) == ("suppressed", "no_longer_true")
    assert [row.event_type for row in await mailing.shop.messages(channel="email", status="sent")][
        -1
    ] == "order.refunded"
    assert await mailing.outcomes(message.id) == []


async def test_goods_in_doubt_are_mailed_again_under_the_same_name(mailing: Desk, smtp_sink: SmtpSink) -> None:
    await mailing.hears("order.paid")
    await mailing.send()
    message = await mailing.message(**GOODS)
    before = len(smtp_sink.mails)
    await mailing.die_over(message.id)
    await mailing.send()
    assert (await mailing.message(**GOODS)).status == "sent"
    assert await mailing.outcomes(message.id) == ["in_doubt", "taken"]
    to_buyer = [message_from_bytes(mail[2]) for mail in smtp_sink.mails if "a@example.com" in mail[1]]
    assert len(smtp_sink.mails) == before + 1
    assert len({mail["Message-ID"] for mail in to_buyer}) == 1


async def test_news_in_doubt_goes_again(chatting: Desk, http_sink: HttpSink) -> None:
    await chatting.hears("order.paid")
    message = await chatting.message(channel="robot")
    await chatting.die_over(message.id)
    await chatting.send()
    assert (await chatting.message(channel="robot")).status == "sent"
    assert await chatting.outcomes(message.id) == ["in_doubt", "taken"]


async def test_marketing_in_doubt_is_unknown_and_not_repeated(chatting: Desk, http_sink: HttpSink) -> None:
    await chatting.hears("order.paid")
    message = await chatting.message(channel="robot")
    await chatting.die_over(message.id)
    slow = update(Message).where(Message.id == message.id).values(lane=2)
    await chatting.house.store.write(lambda tx: tx.execute(slow))
    await chatting.send()
    message = await chatting.message(channel="robot")
    assert (message.status, message.reason) == ("unknown", "process_ended_while_sending")
    assert await chatting.outcomes(message.id) == ["in_doubt"]
    assert http_sink.got == []


async def test_a_webhook_in_doubt_is_sent_again_under_the_same_name(hooked: Desk, http_sink: HttpSink) -> None:
    await hooked.hears("order.paid")
    await hooked.send()
    message = await hooked.message(channel="webhook")
    await hooked.die_over(message.id)
    await hooked.send()
    assert [headers["webhook-id"] for headers, _, _ in http_sink.got] == [message.id] * 2
    assert await hooked.outcomes(message.id) == ["in_doubt", "taken"]


async def test_a_clock_that_is_set_ends_no_lease(mailing: Desk) -> None:
    await mailing.hears("order.paid")
    await mailing.send()
    message = await mailing.message(**GOODS)
    await mailing.die_over(message.id)
    mailing.clock.turn(hours=1)
    mailing.house.worker.ticker.watch.steady = lambda: mailing.clock.now().timestamp() - 3600
    house, preparer = mailing.house, mailing.house.sender.preparer
    assert await house.store.write(lambda tx: preparer.prepare(tx, most=9, busy=[])) == ([], 0)
    assert await house.store.write(preparer.prepare_suspect) == ([], 0)


async def test_news_without_an_answer_is_unknown(chatting: Desk, http_sink: HttpSink) -> None:
    http_sink.hang_up = True
    await chatting.hears("order.paid")
    await chatting.send()
    message = await chatting.message(channel="robot")
    assert (message.status, message.reason, message.state) == ("unknown", "no_answer", State.DONE)


async def test_a_webhook_without_an_answer_is_tried_again(hooked: Desk, http_sink: HttpSink) -> None:
    http_sink.hang_up = True
    await hooked.hears("order.paid")
    await hooked.send()
    message = await hooked.message(channel="webhook")
    assert (message.status, message.reason) == ("queued", "will_retry")
    assert await hooked.outcomes(message.id) == ["unsure"]


async def test_a_message_processes_die_over_is_put_aside(hooked: Desk) -> None:
    await hooked.hears("order.paid")
    preparer = hooked.house.sender.preparer
    for _ in range(6):
        await hooked.house.store.write(lambda tx: preparer.prepare(tx, most=9, busy=[]))
        await hooked.house.store.write(preparer.prepare_suspect)
        hooked.clock.turn(seconds=61)
    message = await hooked.message(channel="webhook")
    assert (message.state, message.status, message.reason) == (State.STUCK, "failed", "crashed_too_often")
    assert await hooked.outcomes(message.id) == ["in_doubt"] * 5


async def test_earlier_refusals_do_not_count_as_crashes(hooked: Desk, http_sink: HttpSink) -> None:
    http_sink.status = 500
    await hooked.hears("order.paid")
    for _ in range(6):
        await hooked.send()
        hooked.clock.turn(days=1)
    message = await hooked.message(channel="webhook")
    leave = update(Message).where(Message.id == message.id).values(state=int(State.LEASED), tries=7)
    await hooked.house.store.write(lambda tx: tx.execute(leave))
    await hooked.send()
    assert (await hooked.message(channel="webhook")).status == "queued"


async def test_a_result_that_comes_late_clears_the_doubt(hooked: Desk) -> None:
    await hooked.hears("order.paid")
    store, preparer = hooked.house.store, hooked.house.sender.preparer
    flights, _ = await store.write(lambda tx: preparer.prepare(tx, most=9, busy=[]))
    hooked.clock.turn(seconds=61)
    await store.write(lambda tx: preparer.prepare(tx, most=9, busy=[]))
    (hook,) = [flight for flight in flights if flight.row.channel == "webhook"]
    assert await hooked.outcomes(hook.row.id) == ["in_doubt"]
    await store.write(lambda tx: record(tx, [Landed(hook, Taken(words="200 ok"), hooked.clock.now())]))
    assert await hooked.outcomes(hook.row.id) == ["taken"]
    assert (await hooked.message(channel="webhook")).state == State.LEASED


async def test_a_robot_is_never_asked_more_often_than_it_allows(chatting: Desk, http_sink: HttpSink) -> None:
    for n in range(25):
        await chatting.shop.says("order.paid", f"N-{n}")
    await chatting.decide()
    await chatting.send()
    assert len(http_sink.got) == 20
    waiting = await chatting.shop.messages(channel="robot", status="queued")
    assert {(row.reason, row.tries, row.due_at > chatting.clock.now()) for row in waiting} == {("rate_limit", 0, True)}
    chatting.clock.turn(minutes=5)
    await chatting.send()
    assert len(http_sink.got) == 25


async def test_without_an_account_the_sandbox_keeps_what_would_have_gone_out(desk: Desk) -> None:
    await desk.shop.stock("KEY-1")
    await desk.hears("order.paid")
    await desk.send()
    message = await desk.message(**GOODS)
    assert (message.status, message.reason, await desk.outcomes(message.id)) == ("sent", "sandbox", ["sandbox"])


async def test_an_account_switched_off_meanwhile_sends_nothing(hooked: Desk, http_sink: HttpSink) -> None:
    await hooked.hears("order.paid")
    (account,) = await hooked.shop.rows(Provider)
    now = hooked.clock.now()
    await hooked.house.store.write(
        lambda tx: accounts.switch_account(tx, hooked.shop.id, account.id, reason="test", by="stf_1", now=now)
    )
    await hooked.send()
    message = await hooked.message(channel="webhook")
    assert (message.status, message.reason, http_sink.got) == ("failed", "channel_off", [])


async def test_an_account_that_works_again_is_troubled_no_more(hooked: Desk) -> None:
    troubled = update(Provider).values(failing_since=hooked.clock.now())
    await hooked.house.store.write(lambda tx: tx.execute(troubled))
    await hooked.hears("order.paid")
    await hooked.send()
    assert [account.failing_since for account in await hooked.shop.rows(Provider)] == [None]


async def test_one_message_that_cannot_be_worded_holds_up_no_other(mailing: Desk) -> None:
    await mailing.hears("order.paid")
    waits = (Message.event_type == "stock.out") & (Message.state == int(State.READY))
    broken = update(Message).where(waits).values(facts={"stock_left": "many"})
    await mailing.house.store.write(lambda tx: tx.execute(broken))
    await mailing.send()
    stuck = await mailing.shop.messages(state=int(State.STUCK))
    assert {(row.event_type, row.status) for row in stuck} == {("stock.out", "failed")}
    assert (await mailing.message(**GOODS)).status == "sent"


async def test_a_person_may_send_a_finished_message_again(hooked: Desk, http_sink: HttpSink) -> None:
    await hooked.hears("order.paid")
    await hooked.send()
    old = await hooked.message(channel="webhook")
    now = hooked.clock.now()
    id_ = await hooked.house.store.write(lambda tx: outbox.resend(tx, hooked.shop.id, old.id, by="stf_1", now=now))
    await hooked.send()
    new = await hooked.message(id=id_)
    assert (new.status, new.resend_of, len(http_sink.got)) == ("sent", old.id, 2)
    assert await hooked.message(id=old.id) == old
    assert [row.actor for row in await hooked.shop.rows(Audit, action="message.resend")] == ["stf_1"]


async def test_what_is_on_its_way_or_elsewhere_cannot_be_sent_again(hooked: Desk) -> None:
    await hooked.hears("order.paid")
    message = await hooked.message(channel="webhook")
    now = hooked.clock.now()
    for shop_id, refusal in ((hooked.shop.id, Conflict), ("shp_other", NotFound)):
        with pytest.raises(refusal):
            await hooked.house.store.write(
                lambda tx, shop_id=shop_id: outbox.resend(tx, shop_id, message.id, by="stf_1", now=now)
            )
