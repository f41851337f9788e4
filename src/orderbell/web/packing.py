"""Which answers go out gzipped: static files, and the pages that say of themselves that they hold no secret.

The length of a packed page tells whether a guess put into its address stands in it a second time. So a page is packed
only by leave of the one who draws it; streams, answers to forms and what programs read never are.
"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.config.compression import CompressionConfig
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import Message, Scope, Send

STATIC = "/static/"
_PLACE = "orderbell.packed"


def allow(request: Request[Any, Any, Any]) -> None:
    """Let this answer be packed: its page holds no secret. An answer to a form may repeat what was typed: never."""
    if request.method == "GET":
        request.scope["state"][_PLACE] = True


class Packer(CompressionMiddleware):
    """The framework's gzip for the answers that may have it; all others pass piece by piece, untouched."""

    def create_compression_send_wrapper(self, send: Send, compression_encoding: str, scope: Scope) -> Send:
        """A way out that packs or does not, known when the answer begins."""
        pack = super().create_compression_send_wrapper(send, compression_encoding, scope)

        async def out(message: Message) -> None:
            await (pack if _may(scope) else send)(message)

        return out


def _may(scope: Scope) -> bool:
    return scope["path"].startswith(STATIC) or _PLACE in scope["state"]


def config() -> CompressionConfig:
    """The setting for the application."""
    return CompressionConfig(backend="gzip", middleware_class=Packer)
