"""The bench counts right: a small run through all real doors, and judges that notice what is wrong. No timing."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import orders
from bench.client import tell
from bench.figures import Spread, percentile
from bench.house import furnish, open_house
from bench.processes import Broken
from bench.sink_door import once, open_sinks

FIFTY = orders.numbers("n", 50)


async def test_fifty_orders_are_mailed_once_and_hooked_once(tmp_path: Path) -> None:
    async with open_sinks(tmp_path) as sinks, open_house(tmp_path / "house") as house:
        await furnish(house.door, sinks, cards=60)
        told = await tell(house.door, orders.single(FIFTY), lines=4)
        await sinks.wait(50, source=house.process)
        await house.quiet()
        came = await sinks.came(FIFTY)
    assert len(told.answers_s) == len(came.mails) == len(came.hooks) == 50


async def test_a_batch_counts_as_the_orders_in_it(tmp_path: Path) -> None:
    async with open_sinks(tmp_path) as sinks, open_house(tmp_path / "house") as house:
        await furnish(house.door, sinks, cards=60)
        await tell(house.door, orders.batches(FIFTY, 20), lines=2)
        await sinks.wait(50, source=house.process)
        assert sorted((await sinks.came(FIFTY)).mails) == FIFTY


async def test_a_webhook_without_a_signature_is_noticed(tmp_path: Path) -> None:
    async with open_sinks(tmp_path) as sinks:
        await sinks.http.call("POST", "/hook", body=b'{"data":{"order":{"number":"n-1"}}}')
        assert await sinks.done() == (0, 1)
        with pytest.raises(Broken, match="no signature"):
            await sinks.came(["n-1"])


@pytest.mark.parametrize(
    ("arrived", "wrong"),
    [("n-1", "1 missing"), ("n-1 n-2 n-2", "1 more than once"), ("n-1 n-2 n-3", "1 never asked for")],
)
def test_a_missing_a_repeated_and_a_strange_order_are_noticed(arrived: str, wrong: str) -> None:
    with pytest.raises(Broken, match=wrong):
        once("mail", [(number, 1.0) for number in arrived.split()], ["n-1", "n-2"])


async def test_an_answer_that_is_no_202_stops_the_run(tmp_path: Path) -> None:
    async with open_house(tmp_path / "house") as house:
        with pytest.raises(Broken, match="brought 4"):
            await tell(house.door, [b'{"type":"order.paid"}'], lines=1)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile(list(range(1, 101)), 99) == 99
    assert percentile([5.0], 50) == 5.0
    assert Spread.of([3, 1, 2]) == Spread(2, 1, 3)
