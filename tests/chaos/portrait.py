"""Draws the business state of a database as text, without ids and moments: two equal portraits, two equal shops.

Run: python -m tests.chaos.portrait DATABASE. News of an unpaid order is left out: whether it was still news when it
was looked at depends on the moment.
"""

from __future__ import annotations

import sys

from tests.crash.checker import ask

TRANSIENT = "('order.created', 'payment.failed')"
QUESTIONS = {
    "orders": """SELECT number, status, owed, held, refund_requested, disputed, amount_minor, currency, country, buyer
        FROM orders""",
    "lines": """SELECT o.number, l.n, l.sku, l.quantity, l.price_minor FROM line l
        JOIN orders o ON o.id = l.order_id""",
    "goods": """SELECT o.number, s.line_n, s.piece, s.gen, s.origin, p.sku FROM slot s
        JOIN orders o ON o.id = s.order_id
        LEFT JOIN product p ON p.id = s.product_id""",
    "stock": "SELECT sku, free, sold, warned FROM product",
    "cards": """SELECT p.sku, c.state, count(*) FROM card c JOIN product p ON p.id = c.product_id
        GROUP BY p.sku, c.state""",
    "tasks": """SELECT t.kind, o.number, t.closed_at IS NULL FROM task t LEFT JOIN orders o ON o.id = t.subject_id""",
    "messages": f"""SELECT o.number, m.event_type, m.audience, m.channel, m.address, m.locale FROM message m
        JOIN orders o ON o.id = m.order_id
        WHERE m.event_type NOT IN {TRANSIENT} AND NOT (m.channel = 'inbox' AND m.audience = 'buyer')""",
    "inbox": f"""SELECT o.number, m.event_type FROM message m JOIN orders o ON o.id = m.order_id
        WHERE m.event_type NOT IN {TRANSIENT} AND m.channel = 'inbox' AND m.audience = 'buyer'""",
    "customers": "SELECT natural_key, name, locale, timezone FROM customer",
    "addresses": "SELECT c.natural_key, a.kind, a.value FROM address a JOIN customer c ON c.id = a.customer_id",
    "facts": "SELECT natural_id, type FROM event WHERE natural_id NOT LIKE 'orderbell:%'",
    "found out": """SELECT type, order_number FROM event WHERE natural_id LIKE 'orderbell:%' AND type LIKE 'order.%'""",
}  # fmt: skip


def draw(database: str) -> list[str]:
    """One line a row, sorted."""
    return [
        f"{name}: {' | '.join(map(str, row))}"
        for name, sql in QUESTIONS.items()
        for row in sorted(ask(database, sql), key=str)
    ]


if __name__ == "__main__":
    print("\n".join(draw(sys.argv[1])).replace("True", "1").replace("False", "0"))
