"""A shop's logo: looked at by its content, drawn anew without what cameras and programs hide in pictures, and kept."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import Connection, select

from orderbell.base.errors import BadInput, NotFound
from orderbell.store.tables.brand import Logo as LogoRow

# A picture straight from a camera is larger than this; a logo is not.
MAX_BYTES, MAX_PIXELS = 2_000_000, 24_000_000
LARGEST_PX = (480, 160)
"""Twice what a mail shows, so that it is sharp on good screens."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
FIELD = "logo"


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A logo as a PNG of our own drawing."""

    png: bytes
    width_px: int
    height_px: int

    @property
    def mark(self) -> str:
        """What its address holds: another picture has another one."""
        return hashlib.sha256(self.png).hexdigest()[:32]


def redrawn(content: bytes) -> Logo:
    """A picture drawn anew: upright, at most LARGEST_PX, the first frame of a moving one, and nothing but its pixels.

    Raises:
        BadInput: `logo_too_large`, `logo_is_svg`, or `logo_no_picture`.
    """
    if len(content) > MAX_BYTES:
        raise BadInput("A logo has at most 2 MB.", code="logo_too_large", field=FIELD)
    if _is_svg(content):
        # An SVG is a program as much as a picture, and most mail readers show none (caniemail.com, read 2026-11-22).
        raise BadInput("SVG pictures are not taken; save it as PNG.", code="logo_is_svg", field=FIELD)
    try:
        return _drawn(content)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as why:
        raise BadInput("This file is no picture we can read.", code="logo_no_picture", field=FIELD) from why


def keep(tx: Connection, shop_id: str, logo: Logo, *, now: datetime) -> str:
    """Keep a logo; the same picture again is the same row. Returns its mark."""
    known = select(LogoRow.mark).where(LogoRow.shop_id == shop_id, LogoRow.mark == logo.mark)
    if tx.execute(known).first() is None:
        values = {"png": logo.png, "width_px": logo.width_px, "height_px": logo.height_px, "created_at": now}
        tx.execute(LogoRow.__table__.insert().values(shop_id=shop_id, mark=logo.mark, **values))  # type: ignore[attr-defined]
    return logo.mark


def find(tx: Connection, shop_id: str, mark: str) -> bytes:
    """The PNG of a logo.

    Raises:
        NotFound: this shop has no such logo.
    """
    png = tx.execute(select(LogoRow.png).where(LogoRow.shop_id == shop_id, LogoRow.mark == mark)).scalar()
    if png is None:
        raise NotFound("There is no such logo.")
    return bytes(png)


def path(shop_id: str, mark: str) -> str:
    """Where a logo is served, below the house's address."""
    return f"/logo/{shop_id}/{mark}.png"


def _drawn(content: bytes) -> Logo:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            # The header alone is read by now: a small file may claim to be a huge picture.
            if picture.width * picture.height > MAX_PIXELS:
                raise BadInput("A logo has at most 24 million pixels.", code="logo_too_large", field=FIELD)
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    upright.thumbnail(LARGEST_PX)
    out = io.BytesIO()
    Image.frombytes("RGBA", upright.size, upright.tobytes()).save(out, "PNG", optimize=True)
    return Logo(png=out.getvalue(), width_px=upright.width, height_px=upright.height)


def _is_svg(content: bytes) -> bool:
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return b"<svg" in head or (head.startswith((b"<?xml", b"<!doctype")) and b"svg" in head)
