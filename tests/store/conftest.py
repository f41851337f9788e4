"""A desk for what is counted in the store."""

from __future__ import annotations

from tests.desk import desk

__all__ = ["desk"]
