"""The web door, put together."""

from __future__ import annotations

import warnings

from orderbell.runtime.house import House
from orderbell.web.app import make_app


def test_the_door_is_put_together_without_anything_the_framework_is_giving_up(house: House) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        assert make_app(house).openapi_schema.paths
