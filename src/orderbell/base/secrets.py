"""Keys and what they close: envelope encryption, fingerprints, tokens and signed links.

The wrapping key lives in a file, never in the database; it wraps each shop's data keys, and a data key closes
each secret with AES-256-GCM bound to its row (promises H1, H2, H4).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets as _secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orderbell.base import keyfile, mutant
from orderbell.base.errors import Misconfigured, NotFound

_KEY_BYTES = 32
_NONCE_BYTES = 12
_WRAPPED_BYTES = _NONCE_BYTES + _KEY_BYTES + 16
_CHECK = b"orderbell key check v1"


@dataclass(frozen=True)
class Sealed:
    """A closed secret: nonce and ciphertext, as stored."""

    nonce: bytes
    text: bytes

    def packed(self) -> bytes:
        """Nonce and ciphertext in one piece, for one column."""
        return self.nonce + self.text

    @classmethod
    def unpack(cls, packed: bytes) -> Sealed:
        """The way back of `packed`."""
        return cls(packed[:_NONCE_BYTES], packed[_NONCE_BYTES:])


class Box:
    """AES-256-GCM; what it closes opens only with the same `bound` words (the row's own names).

    It closes with its first key and opens with any of them, so that a shop works on while its key is changed.
    """

    def __init__(self, key: bytes, *older: bytes) -> None:
        self._gcms = tuple(AESGCM(each) for each in (key, *older))

    def close(self, clear: bytes, *bound: str) -> Sealed:
        """Close `clear`, bound to those words; a fresh random nonce each time."""
        nonce = os.urandom(_NONCE_BYTES)
        if mutant.without("sealed"):
            return Sealed(nonce, clear)
        return Sealed(nonce, self._gcms[0].encrypt(nonce, clear, _aad(bound)))

    def open(self, sealed: Sealed, *bound: str) -> bytes:
        """The clear bytes again.

        Raises:
            Misconfigured: wrong key, altered bytes, or bytes of another row.
        """
        return self._open(sealed, bound)[0]

    def renewed(self, sealed: Sealed, *bound: str) -> Sealed | None:
        """The same secret closed with the first key; None when it is so already.

        Raises:
            Misconfigured: as for `open`.
        """
        clear, key = self._open(sealed, bound)
        return self.close(clear, *bound) if key else None

    def _open(self, sealed: Sealed, bound: tuple[str, ...]) -> tuple[bytes, int]:
        words = _aad(bound)
        if mutant.without("sealed"):
            return sealed.text, 0
        for n, gcm in enumerate(self._gcms):
            with suppress(InvalidTag):
                return gcm.decrypt(sealed.nonce, sealed.text, words), n
        raise Misconfigured("A stored secret does not open with this key.", code="secret_does_not_open")


def _aad(bound: tuple[str, ...]) -> bytes:
    return b"" if mutant.without("bound_secrets") else "\x1f".join(bound).encode()


class Keyring:
    """All keys of this process: those derived from the root key, and the shops' data keys behind their wrapping keys.

    The root stays for the life of a house (buyers' links and fingerprints hang on it); wrapping keys are rotated.
    """

    def __init__(self, root: bytes, *wraps: bytes, path: Path | None = None) -> None:
        self._root = root
        self._path = path
        self._stamp = _stamp(path)
        self._wrap = _wrapping_box(wraps or (root,))

    @classmethod
    def of_file(cls, path: Path) -> Keyring:
        """The keyring of a key file; it follows when the file is changed. A missing file is made.

        Raises:
            Misconfigured: the file cannot be used.
        """
        keys = keyfile.read_or_make(path)
        return cls(keys.root, *keys.wraps, path=path)

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose; another purpose's key tells nothing of it."""
        return _derived(self._root, purpose)

    def new_data_key(self, shop_id: str) -> bytes:
        """A fresh data key for a shop, wrapped, ready to be stored."""
        self._look_again()
        return self._close(shop_id, _secrets.token_bytes(_KEY_BYTES))

    def with_new_data_key(self, shop_id: str, wrapped: bytes) -> bytes:
        """A fresh data key in front of those a shop has: it closes from now on, and they still open."""
        return self.new_data_key(shop_id) + wrapped

    def box(self, shop_id: str, wrapped: bytes) -> Box:
        """The box of a shop's data keys.

        Raises:
            Misconfigured: this key file does not open them.
        """
        try:
            return Box(*self._data_keys(shop_id, wrapped))
        except Misconfigured:
            if not self._look_again():
                raise
        return Box(*self._data_keys(shop_id, wrapped))

    def rewrapped(self, shop_id: str, wrapped: bytes) -> bytes | None:
        """The same data keys under the newest wrapping key; None when they are so already.

        Raises:
            Misconfigured: this key file does not open them.
        """
        self._look_again()
        renewed = [self._wrap.renewed(Sealed.unpack(part), "data-key", shop_id) for part in _parts(wrapped)]
        if not any(renewed):
            return None
        kept = zip(renewed, _parts(wrapped), strict=True)
        return b"".join(new.packed() if new else part for new, part in kept)

    def _data_keys(self, shop_id: str, wrapped: bytes) -> list[bytes]:
        return [self._wrap.open(Sealed.unpack(part), "data-key", shop_id) for part in _parts(wrapped)]

    def _close(self, shop_id: str, key: bytes) -> bytes:
        return self._wrap.close(key, "data-key", shop_id).packed()

    def _look_again(self) -> bool:
        """Take over a key file that was changed meanwhile; whether it was."""
        stamp = _stamp(self._path)
        if self._path is None or stamp == self._stamp:
            return False
        keys = keyfile.read(self._path)
        if keys.root != self._root:
            raise Misconfigured(f"{self._path} is another house's key file; put the right one back.", code="wrong_key")
        self._wrap, self._stamp = _wrapping_box(keys.wraps), stamp
        return True

    def check_value(self) -> str:
        """What a new database stores, to know its key again at the next start."""
        return hmac.new(self._root, _CHECK, hashlib.sha256).hexdigest()

    def fingerprint(self, shop_id: str, clear: str) -> bytes:
        """A keyed fingerprint that finds duplicates without opening anything; 16 bytes."""
        key = self.derive("fingerprint/" + shop_id)
        return hmac.new(key, clear.encode(), hashlib.sha256).digest()[:16]


def newest_data_keys(wrapped: bytes, most: int) -> bytes:
    """The newest of a shop's wrapped data keys, at most so many."""
    return b"".join(_parts(wrapped)[:most])


def _parts(wrapped: bytes) -> list[bytes]:
    return [wrapped[start : start + _WRAPPED_BYTES] for start in range(0, len(wrapped), _WRAPPED_BYTES)]


def _wrapping_box(wraps: tuple[bytes, ...]) -> Box:
    return Box(*(_derived(key, "wrap") for key in wraps))


def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, b"orderbell/" + purpose.encode(), hashlib.sha256).digest()


def _stamp(path: Path | None) -> tuple[int, ...]:
    if path is None or not path.exists():
        return ()
    seen = path.stat()
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def new_token(prefix: str) -> str:
    """A fresh 256-bit token such as `obk_…`; only its hash is ever stored."""
    return f"{prefix}_{_secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """What is stored in a token's place (SHA-256, hex)."""
    return hashlib.sha256(token.encode()).hexdigest()


class LinkSigner:
    """Links that carry their own proof: what they name, and a 256-bit MAC over it."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derive("links")

    def sign(self, purpose: str, *parts: str) -> str:
        """A URL-safe token naming `parts` for one purpose; no part may hold a full stop."""
        body = ".".join(parts)
        return f"{body}.{self._mac(purpose, body)}"

    def read(self, purpose: str, token: str) -> list[str]:
        """The parts a token names.

        Raises:
            NotFound: altered, cut, or signed for another purpose.
        """
        body, _, mac = token.rpartition(".")
        if not body or not hmac.compare_digest(mac.encode(), self._mac(purpose, body).encode()):
            raise NotFound("This link is not valid.", code="bad_link")
        return body.split(".")

    def _mac(self, purpose: str, body: str) -> str:
        digest = hmac.digest(self._key, f"{purpose}\x1f{body}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
