"""How many messages a sender can still take into the air, in all and by one provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

IN_FLIGHT_MOST = 1024
PER_PROVIDER_MOST = 320


class Seats:
    """Free seats at one moment; `take` gives one away."""

    __slots__ = ("_free", "_taken")

    def __init__(self, free: int, taken: Mapping[str, int] | None = None) -> None:
        self._free = free
        self._taken = Counter(taken or {})

    def copy(self) -> Seats:
        """The same seats for another try: a transaction may run more than once."""
        return Seats(self._free, self._taken)

    def take(self, provider_id: str) -> bool:
        """Take a seat for a message by that provider; False when there is none."""
        if self._free <= 0 or self._taken[provider_id] >= PER_PROVIDER_MOST:
            return False
        self._free -= 1
        self._taken[provider_id] += 1
        return True


NO_SEATS = Seats(0)
