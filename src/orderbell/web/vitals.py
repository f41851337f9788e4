"""How the house is: alive, ready for work, and its numbers for Prometheus."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Connection, select

from orderbell.base.errors import NotFound
from orderbell.runtime.house import House
from orderbell.store.schema import Meta
from orderbell.web import address


@get("/healthz", include_in_schema=False, media_type="text/plain", sync_to_thread=False)
def healthz() -> str:
    """The process answers; says nothing of the database."""
    return "ok\n"


@get("/readyz", include_in_schema=False, media_type="text/plain")
async def readyz(house: House) -> str:
    """The database answers too; 503 when it does not."""
    await house.store.read(_one_row)
    return "ready\n"


@get("/metrics", include_in_schema=False, sync_to_thread=False)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The numbers, for neighbours only: they tell how much a shop sells."""
    peer = request.client.host if request.client else ""
    if "x-forwarded-for" in request.headers or not address.is_near(peer):
        raise NotFound("There is nothing at this address.")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _one_row(tx: Connection) -> None:
    tx.execute(select(Meta.name).limit(1)).all()
