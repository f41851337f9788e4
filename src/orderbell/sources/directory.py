"""Every shop system that can call us, by kind; a new one adds its line here."""

from __future__ import annotations

from collections.abc import Mapping

from orderbell.sources.base import Source
from orderbell.sources.dujiaoka import Dujiaoka
from orderbell.sources.signed import Signed
from orderbell.sources.woocommerce import WooCommerce

SOURCES: Mapping[str, Source] = {
    Signed.kind: Signed(),
    WooCommerce.kind: WooCommerce(),
    Dujiaoka.kind: Dujiaoka(),
}
