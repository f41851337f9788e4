"""Shops' logos for everybody: an address holds the picture's hash, so what it shows never changes."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from orderbell.messages import logo
from orderbell.runtime.house import House

HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    # Mail readers on the web load it from their own pages.
    "cross-origin-resource-policy": "cross-origin",
}


@get("/logo/{shop_id:str}/{name:str}", include_in_schema=False)
async def picture(house: House, shop_id: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """The PNG."""
    png = await house.store.read(lambda tx: logo.find(tx, shop_id, name.removesuffix(".png")))
    return Response(png, media_type="image/png", headers=HEADERS)
