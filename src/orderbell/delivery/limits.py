"""How often an account may send: a token bucket per provider, so that a robot is never muted for ten minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


class Limits:
    """Token buckets by provider id; `per_minute` 0 means no bound."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, provider_id: str, per_minute: int, now: datetime) -> datetime | None:
        """Take one token: None when it may go now, else the moment the next token is there."""
        if per_minute <= 0:
            return None
        bucket = self._buckets.setdefault(provider_id, _Bucket(float(per_minute), now))
        grown = (now - bucket.at).total_seconds() * per_minute / 60
        bucket.tokens, bucket.at = min(float(per_minute), bucket.tokens + max(0.0, grown)), now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return None
        return now + timedelta(seconds=(1 - bucket.tokens) * 60 / per_minute)
