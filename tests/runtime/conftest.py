"""A desk for the worker's tests."""

from __future__ import annotations

from tests.desk import Desk, desk

__all__ = ["Desk", "desk"]
