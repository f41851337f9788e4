"""Keys and what they close: envelope encryption, fingerprints, tokens and signed links.

The key-wrapping key lives in a file, never in the database; it wraps one data key per shop, and a data key
closes each secret with AES-256-GCM bound to its row (promises H1, H2, H4).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets as _secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orderbell.base.errors import Misconfigured, NotFound

_NONCE_BYTES = 12
_CHECK = b"orderbell key check v1"


def read_or_make_key(path: Path) -> bytes:
    """The 32-byte key-wrapping key of that file; a missing file is made with mode 0600.

    Raises:
        Misconfigured: the file is not 64 hex digits, or others may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(_secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    if path.stat().st_mode & 0o077:
        raise Misconfigured(f"{path} may be read by others; run: chmod 600 {path}", code="key_file_open")
    text = path.read_text().strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Misconfigured(f"{path} must hold 64 hex digits.", code="key_file_bad")
    return key


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
    """One AES-256-GCM key; what it closes opens only with the same `bound` words (the row's own names)."""

    def __init__(self, key: bytes) -> None:
        self._gcm = AESGCM(key)

    def close(self, clear: bytes, *bound: str) -> Sealed:
        """Close `clear`, bound to those words; a fresh random nonce each time."""
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(nonce, self._gcm.encrypt(nonce, clear, _aad(bound)))

    def open(self, sealed: Sealed, *bound: str) -> bytes:
        """The clear bytes again.

        Raises:
            Misconfigured: wrong key, altered bytes, or bytes of another row.
        """
        try:
            return self._gcm.decrypt(sealed.nonce, sealed.text, _aad(bound))
        except InvalidTag:
            raise Misconfigured("A stored secret does not open with this key.", code="secret_does_not_open") from None


def _aad(bound: tuple[str, ...]) -> bytes:
    return "\x1f".join(bound).encode()


class Keyring:
    """All keys of this process, derived from or wrapped by the key-wrapping key."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._wrap = Box(self.derive("wrap"))

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose; another purpose's key tells nothing of it."""
        return hmac.new(self._master, b"orderbell/" + purpose.encode(), hashlib.sha256).digest()

    def new_data_key(self, shop_id: str) -> bytes:
        """A fresh data key for a shop, wrapped, ready to be stored."""
        return self._wrap.close(_secrets.token_bytes(32), "data-key", shop_id).packed()

    def box(self, shop_id: str, wrapped: bytes) -> Box:
        """The box of a shop's data key."""
        return Box(self._wrap.open(Sealed.unpack(wrapped), "data-key", shop_id))

    def check_value(self) -> str:
        """What a new database stores, to know its key again at the next start."""
        return hmac.new(self._master, _CHECK, hashlib.sha256).hexdigest()

    def fingerprint(self, shop_id: str, clear: str) -> bytes:
        """A keyed fingerprint that finds duplicates without opening anything; 16 bytes."""
        key = self.derive("fingerprint/" + shop_id)
        return hmac.new(key, clear.encode(), hashlib.sha256).digest()[:16]


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
        digest = hmac.new(self._key, f"{purpose}\x1f{body}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
