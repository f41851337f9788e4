"""What a restored house must know of itself."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forwards."""


def downgrade() -> None:
    """Backwards."""
