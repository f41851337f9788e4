"""How the house is: alive, ready for work, and its numbers for Prometheus."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from orderbell.base.errors import NotFound, NotReady
from orderbell.runtime.vitals import Check, Facts, Vitals
from orderbell.web import address

AnyRequest = Request[Any, Any, Any]
_AGAIN_AFTER_S = 5


@get("/healthz", include_in_schema=False, media_type="text/plain", sync_to_thread=False)
def healthz() -> str:
    """The process answers; says nothing of the database."""
    return "ok\n"


@get("/readyz", include_in_schema=False)
async def readyz(request: AnyRequest) -> Response[Any]:
    """Whether work may be asked of this process: the database takes writes, the disk has room, the loops come round.

    503 with the reason otherwise. A neighbour that accepts JSON is told every check, others the names of the failed.
    """
    vitals: Vitals = request.app.state.vitals
    checks = await vitals.checks()
    failed = [each for each in checks if not each.ok]
    status, headers = (503, {"retry-after": str(_AGAIN_AFTER_S)}) if failed else (200, {})
    near = _is_near(request)
    if near and "application/json" in request.headers.get("accept", ""):
        return Response(_as_json(checks), status_code=status, headers=headers, media_type="application/json")
    told = [f"{each.name}: {each.said}" if near else each.name for each in failed]
    text = f"not ready: {'; '.join(told)}\n" if failed else "ready\n"
    return Response(text, status_code=status, headers=headers, media_type="text/plain")


@get("/metrics", include_in_schema=False)
async def metrics(request: AnyRequest) -> Response[bytes]:
    """The numbers of this process, for neighbours only: they tell how much a shop sells."""
    if not _is_near(request):
        raise NotFound("There is nothing at this address.")
    vitals: Vitals = request.app.state.vitals
    vitals.publish(await _facts(vitals), await vitals.checks())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _facts(vitals: Vitals) -> Facts | None:
    try:
        return await vitals.facts()
    except (NotReady, SQLAlchemyError):
        # Without the database the counters still say much, and orderbell_ready says why.
        return None


def _is_near(request: AnyRequest) -> bool:
    peer = request.client.host if request.client else ""
    return "x-forwarded-for" not in request.headers and address.is_near(peer)


def _as_json(checks: tuple[Check, ...]) -> dict[str, Any]:
    shown = [{"name": each.name, "ok": each.ok, "words": each.said} for each in checks]
    return {"ready": all(each.ok for each in checks), "checks": shown}
