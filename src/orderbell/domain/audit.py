"""The audit trail: who did what to which object, written in the same transaction as the deed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert

from orderbell.base.ids import new_id
from orderbell.store.schema import Audit


def note(
    tx: Connection, shop_id: str, *, actor: str, action: str, object: str, now: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Write one line. `actor` is a staff or key id, `buyer` or `system`; `detail` must hold no secret.

    A detail named `ip` goes to its own column.
    """
    rest = dict(detail or {})
    ip = rest.pop("ip", None)
    tx.execute(
        insert(Audit).values(
            id=new_id("audit"), shop_id=shop_id, at=now, actor=actor, action=action, object=object, ip=ip, detail=rest
        )
    )
