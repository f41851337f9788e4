"""A brand is checked, kept as versions, and stays in its shop."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection, select
from tests.messages.conftest import NOW

from orderbell.base.errors import BadInput, NotFound
from orderbell.messages import brand
from orderbell.messages.brand import Brand
from orderbell.store.tables.shops import Shop

GOOD = Brand(name="星河数码", accent="#E11D48", logo_url="https://g.example/l.png", sms_signature="星河数码")


def test_a_shop_without_a_brand_goes_by_its_name(tx: Connection) -> None:
    assert brand.load(tx, "shp_a") == Brand(name="Shop a")


def test_the_newest_version_counts(tx: Connection) -> None:
    brand.save(tx, "shp_a", GOOD, now=NOW)
    newest = brand.save(tx, "shp_a", msgspec.structs.replace(GOOD, name="New"), now=NOW)
    assert brand.load(tx, "shp_a").version_id == newest and brand.load(tx, "shp_a").name == "New"


def test_an_older_version_can_be_shown_again(tx: Connection) -> None:
    first = brand.save(tx, "shp_a", GOOD, now=NOW)
    brand.save(tx, "shp_a", Brand(name="New"), now=NOW)
    assert brand.load_version(tx, "shp_a", first).accent == "#e11d48"


def test_one_shops_brand_is_unknown_to_another(tx: Connection) -> None:
    version = brand.save(tx, "shp_a", GOOD, now=NOW)
    assert brand.load(tx, "shp_b").name == "Shop b"
    with pytest.raises(NotFound):
        brand.load_version(tx, "shp_b", version)


def test_saving_tells_the_caches(tx: Connection) -> None:
    brand.save(tx, "shp_a", GOOD, now=NOW)
    assert tx.execute(select(Shop.settings_gen).where(Shop.id == "shp_a")).scalar() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("accent", "red"), ("accent", "#fff"), ("accent", "#ffffff;}"), ("logo_url", "javascript:x"), ("name", " "),
     ("logo_url", 'https://x/"onerror='), ("name", "x" * 61), ("sms_signature", "星河-数码"), ("footer", "x" * 301)],
)  # fmt: skip
def test_a_bad_field_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(BadInput) as caught:
        brand.check(msgspec.structs.replace(GOOD, **{field: value}))
    assert (caught.value.code, caught.value.extra["field"]) == ("bad_brand", field)
