"""The stage of a chaos drill: a shop with two products, servers from the nursery, providers with a ledger."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orderbell.delivery.wording import Writer
from orderbell.domain import access, catalog, staff
from orderbell.runtime import intake
from orderbell.runtime.house import build
from tests.cast import Shopkeeper
from tests.chaos.judging import Finding, count_open, judge
from tests.chaos.nursery import Child, Nursery
from tests.crash.checker import ask
from tests.crash.stage import Stage

LEASE_S = 6


@dataclass
class ChaosStage(Stage):
    """As `Stage`, with servers that start in half a second, and a checker that knows whole lives of orders."""

    nursery: Nursery = field(default_factory=Nursery)
    longest_ms: int = 0
    """How long a provider may take for one arrival."""
    refuse_percent: int = 0
    more: dict[str, str] = field(default_factory=dict)
    """Further settings of the servers, as environment."""
    gift_stock: int = 1000
    hooked: bool = True
    """Whether the shop's program hears of orders too, or the buyer's mail is alone on its way."""
    session: str = ""
    """The owner's cookie."""
    writer: Writer | None = None
    """Signs links as the servers do."""

    @property
    def acks(self) -> Path:
        """What the shop was told is safe."""
        return self.folder / "acks"

    async def set_up(self) -> None:
        """A shop with `stock` cards of steam-100, others of gift-50 that are kept from the order on, and accounts."""
        smtp, http = self._start_sinks()
        house = build(self.settings)
        keeper = await Shopkeeper.open(house)
        now = house.clock.now()
        gift = await house.store.write(
            lambda tx: catalog.add_product(tx, keeper.id, sku="gift-50", title="Gift", low_at=0, now=now)
        )
        await house.store.write(lambda tx: catalog.change_product(tx, keeper.id, gift, reserve_on_order=1))
        await keeper.stock(*(f"KEY-{n}" for n in range(self.stock)))
        await intake.import_keys(house, keeper.id, gift, [f"GIFT-{n}" for n in range(self.gift_stock)], by="test")
        await keeper.add_account("email", host="127.0.0.1", port=smtp, security="none", from_address="shop@example.com")
        if self.hooked:
            await keeper.add_account("webhook", url=f"http://127.0.0.1:{http}/hook", secret=self.webhook_secret)
        _, self.token = await house.store.write(
            lambda tx: access.create_api_key(tx, keeper.id, "chaos", by="test", now=now)
        )
        owner = (await house.store.read(lambda tx: staff.list_staff(tx, keeper.id)))[0]
        self.session = await house.store.write(lambda tx: staff.open_session(tx, owner, now=now))
        self.writer = house.writer
        await self.prepare(keeper)
        await house.channels.close()
        await house.store.close()

    async def prepare(self, keeper: Shopkeeper) -> None:
        """What a drill needs besides, while no server runs."""

    def _start_sinks(self) -> list[str]:
        arguments = [self.folder / "ledger", self.longest_ms, self.refuse_percent]
        self._sinks = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.sinks", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._sinks.stdout is not None
        return self._sinks.stdout.readline().split()

    def start(self, crash_at: str = "") -> None:
        """Start a server; `crash_at` is a crash point and the pass at which it dies."""
        environ = {
            "ORDERBELL_DATA_DIR": str(self.folder), "ORDERBELL_DATABASE_URL": self.settings.database_url,
            "ORDERBELL_PUBLIC_URL": self.url, "ORDERBELL_PORT": str(self.port), "ORDERBELL_ALLOW_PRIVATE_TARGETS": "1",
            "ORDERBELL_LEASE_S": str(self.settings.lease_s), "ORDERBELL_CRASH_AT": crash_at,
            "ORDERBELL_LOG_LEVEL": "warning", **self.more,
        }  # fmt: skip
        self._server: Any = self.nursery.start(environ, str(self.folder / "server.log"))

    @property
    def server(self) -> Child:
        """The server that was started last."""
        return self._server  # type: ignore[no-any-return]

    def close_providers(self) -> None:
        """From now on no provider can be reached."""
        assert self._sinks is not None
        assert self._sinks.stdin is not None
        self._sinks.stdin.close()
        self._sinks.wait(10)
        self._sinks = None

    def wait_until(self, sql: str, within_s: float) -> None:
        """Wait until the answer is 0; `{soon}` stands for the moment ten seconds from now."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            rows = ask(self.database, sql.replace("{soon}", str(int((time.time() + 10) * 1e6))))
            if rows and not rows[0][0]:
                return
            time.sleep(0.1)

    def settle(self, within_s: float = 60) -> list[Finding]:
        """Wait until nothing is left to do, then let the checker judge; its findings."""
        end = time.monotonic() + within_s
        while count_open(self.database) and time.monotonic() < end:
            time.sleep(0.25)
        return judge(self.folder, self.database)

    def tear_down(self) -> None:
        """Stop everything that was started."""
        super().tear_down()
        self.nursery.close()
