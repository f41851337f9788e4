"""Seats in the sender: as many as there are, and no more by one provider than its share."""

from __future__ import annotations

from orderbell.delivery import seats
from orderbell.delivery.seats import NO_SEATS, Seats


def test_no_more_board_than_there_are_seats() -> None:
    free = Seats(2)
    assert [free.take(name) for name in ("a", "b", "c")] == [True, True, False]


def test_a_slow_provider_fills_its_own_share_only() -> None:
    free = Seats(9, {"slow": seats.PER_PROVIDER_MOST})
    assert (free.take("slow"), free.take("quick")) == (False, True)


def test_a_transaction_that_is_run_again_gives_away_fresh_seats() -> None:
    free = Seats(1)
    assert free.copy().take("a") and free.copy().take("a")
    assert not NO_SEATS.copy().take("a")
