"""The recorded requests of tests/fixtures/sources, as the web door would hand them over."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orderbell.sources.base import RawRequest

NOW = datetime(2026, 11, 22, 10, 3, tzinfo=UTC)
ROOT = Path(__file__).parents[1] / "fixtures" / "sources"


def recorded(name: str, **query: str) -> RawRequest:
    """The request `kind/name`, received at NOW."""
    headers = json.loads((ROOT / f"{name}.headers.json").read_text("utf-8"))
    low = {key.lower(): value for key, value in headers.items()}
    body = (ROOT / f"{name}.body").read_bytes()
    return RawRequest(method="POST", headers=low, body=body, received_at=NOW, query=query)


def with_body(request: RawRequest, body: bytes) -> RawRequest:
    """The same request around another body."""
    return replace(request, body=body)


def without_header(request: RawRequest, name: str) -> RawRequest:
    """The same request with one header less."""
    return replace(request, headers={key: value for key, value in request.headers.items() if key != name})
