"""Logos: looked at by content, drawn anew, nothing hidden in them, nothing huge, no program."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import Connection
from tests.messages.conftest import NOW

from orderbell.base.errors import BadInput, NotFound
from orderbell.messages import logo


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 100), **extra: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#e11d48").save(out, kind, **extra)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_of_any_usual_kind_becomes_a_png(kind: str) -> None:
    drawn = logo.redrawn(picture(kind))
    with Image.open(io.BytesIO(drawn.png)) as found:
        assert (found.format, found.size) == ("PNG", (300, 100))


def test_a_large_picture_is_made_small_without_being_bent() -> None:
    drawn = logo.redrawn(picture(size=(3000, 500)))
    assert (drawn.width_px, drawn.height_px) == (480, 80)


def test_what_a_camera_wrote_into_it_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Canary Camera", 6
    drawn = logo.redrawn(picture("JPEG", exif=exif))
    assert b"Canary" not in drawn.png and (drawn.width_px, drawn.height_px) == (53, 160)


def test_bytes_behind_the_picture_are_gone() -> None:
    assert b"<script>" not in logo.redrawn(picture() + b"<script>alert(1)</script>").png


@pytest.mark.parametrize(("content", "code"), [
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "logo_is_svg"),
    (b"\xef\xbb\xbf<?xml version='1.0'?><!DOCTYPE svg><svg/>", "logo_is_svg"),
    (b"<html>", "logo_no_picture"), (b"\x89PNG\r\n\x1a\n broken", "logo_no_picture"), (b"", "logo_no_picture"),
    (b"x" * (logo.MAX_BYTES + 1), "logo_too_large"),
])  # fmt: skip
def test_what_is_no_picture_is_refused_by_name(content: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        logo.redrawn(content)
    assert (caught.value.code, caught.value.extra["field"]) == (code, "logo")


def test_a_small_file_that_claims_to_be_huge_is_not_unpacked() -> None:
    with pytest.raises(BadInput) as caught:
        logo.redrawn(picture(size=(6000, 6000)))
    assert caught.value.code == "logo_too_large"


def test_a_kept_logo_is_found_in_its_shop_only(tx: Connection) -> None:
    drawn = logo.redrawn(picture())
    marks = {logo.keep(tx, "shp_a", drawn, now=NOW) for _ in range(2)}
    assert [logo.find(tx, "shp_a", mark) for mark in marks] == [drawn.png]
    with pytest.raises(NotFound):
        logo.find(tx, "shp_b", drawn.mark)
