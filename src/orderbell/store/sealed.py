"""Every column that holds something closed with a shop's data key, and the words each value is bound to.

A rotation walks through these; a test sees to it that no such column is missing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, Select, Update, bindparam, select, update

from orderbell.store.schema import Card, EventRow, Provider, ReusableCard, SecondFactor, Slot, SourceRow


@dataclass(frozen=True)
class SealedColumn:
    """One column. A word of `bound` that begins with a full stop is the row's value of that name."""

    model: Any
    column: str
    bound: tuple[str, ...]
    key: str = "id"

    def words(self, row: Row[Any]) -> tuple[str, ...]:
        """What a row's value is bound to."""
        return tuple(str(row._mapping[word[1:]]) if word[0] == "." else word for word in self.bound)

    def after(self, key: str, most: int) -> Select[Any]:
        """Rows that hold a value, in the order of their keys: `key`, `shop_id`, `value` and what `bound` names."""
        named = {word[1:] for word in self.bound if word[0] == "."} | {"shop_id"}
        query = select(
            self._of(self.key).label("key"), self._of(self.column).label("value"), *map(self._of, sorted(named))
        )
        mine = (self._of(self.key) > key, self._of(self.column).is_not(None))
        return query.where(*mine).order_by(self._of(self.key)).limit(most)

    def exchange(self) -> Update:
        """Put `b_new` in the place of `b_old` in the row `b_key`; a value that was changed meanwhile stays."""
        mine = (self._of(self.key) == bindparam("b_key"), self._of(self.column) == bindparam("b_old"))
        return update(self.model.__table__).where(*mine).values({self.column: bindparam("b_new")})

    def _of(self, name: str) -> Column[Any]:
        found: Column[Any] = self.model.__table__.c[name]
        return found


SEALED = (
    SealedColumn(Provider, "values_sealed", ("provider", ".shop_id", ".id")),
    SealedColumn(SourceRow, "token_sealed", ("source", ".shop_id", ".id", "token")),
    SealedColumn(SourceRow, "secrets_sealed", ("source", ".shop_id", ".id", "secrets")),
    SealedColumn(ReusableCard, "sealed", ("card", ".shop_id", ".product_id", "reusable"), key="product_id"),
    SealedColumn(Card, "sealed", ("card", ".shop_id", ".product_id", ".id")),
    SealedColumn(Slot, "sealed", ("slot", ".shop_id", ".id")),
    SealedColumn(SecondFactor, "sealed", ("second_factor", ".shop_id", ".staff_id"), key="staff_id"),
    SealedColumn(EventRow, "goods_sealed", ("goods", ".shop_id", ".id")),
)
