"""What scenarios are called where others look for them."""

from __future__ import annotations

SINGLE = "full way, single"
ALONE = "full way, PostgreSQL"
STORED = "full way with "
BARE, CELERY, DRAMATIQ = "bare loop", "Celery + Redis", "Dramatiq + Redis"
POST_OFFICE = "django-post_office (mail only)"
