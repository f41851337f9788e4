"""The audit trail's chain."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""


def downgrade() -> None:
    """Backwards."""
