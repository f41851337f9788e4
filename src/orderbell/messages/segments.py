"""How many SMS a text is counted as: the one place that counts, for previews, costs and sending.

Mainland China: the signature with its 【】 and the text together, 70 characters, or 67 in each of several, whatever the
alphabet; at most 500 (Aliyun's page on SMS length, read 2026-11-22). Elsewhere: 160 or 153 in the GSM alphabet, whose
second table costs two, else 70 or 67 (3GPP TS 23.038 and 23.040, read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orderbell.channels.base import Letter
from orderbell.messages.i18n import written

MOST_CHARS = 500
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True)
class Segments:
    """What a text costs. `chars` counts as the network does (an emoji is two); `left` still fit into the last part."""

    chars: int
    parts: int
    left: int
    alphabet: str
    """`UCS-2` or `GSM-7`; `70/67` where the alphabet makes no difference."""

    @property
    def too_long(self) -> bool:
        """Whether providers refuse it."""
        return self.chars > MOST_CHARS and self.alphabet == MAINLAND


MAINLAND, WIDE, NARROW = "70/67", "UCS-2", "GSM-7"
_SIZES = {MAINLAND: (70, 67), WIDE: (70, 67), NARROW: (160, 153)}


def count(text: str, signature: str = "", *, abroad: bool = False) -> Segments:
    """The parts of a text; an empty one is one part, since a provider counts each message."""
    whole = f"【{signature}】{text}" if signature else text
    if not abroad:
        alphabet, weights = MAINLAND, [_wide(sign) for sign in whole]
    elif set(whole) <= _BASIC | _EXTENDED:
        alphabet, weights = NARROW, [2 if sign in _EXTENDED else 1 for sign in whole]
    else:
        alphabet, weights = WIDE, [_wide(sign) for sign in whole]
    single, several = _SIZES[alphabet]
    # The limit on the whole text is judged by the caller: what is too long is still counted, to be shown while typing.
    chars = sum(weights)
    if chars <= single:
        return Segments(chars, 1, single - chars, alphabet)
    parts, used = _packed(weights, several)
    return Segments(chars, parts, several - used, alphabet)


def of_letter(letter: Letter) -> Segments:
    """The parts of a letter as its reader's network counts them; a mainland one by its language.

    Abroad the provider shows a sender instead of a signature in the text.
    """
    abroad = written(letter.locale) != "zh-CN"
    return count(letter.text, "" if abroad else letter.sender_name, abroad=abroad)


def _wide(sign: str) -> int:
    # UCS-2 has no signs beyond the first plane; networks send the pair of UTF-16 instead.
    return 2 if ord(sign) > 0xFFFF else 1


def _packed(weights: Sequence[int], size: int) -> tuple[int, int]:
    """How many parts, and how full the last is; a sign of two is never cut in the middle."""
    parts, used = 1, 0
    for weight in weights:
        if used + weight > size:
            parts, used = parts + 1, 0
        used += weight
    return parts, used
