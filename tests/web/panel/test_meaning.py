"""What a provider's answer means: by our code, by SMTP's digits, else by the outcome."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from orderbell.web.panel import meaning


@pytest.mark.parametrize(
    ("code", "words", "outcome", "sentence"),
    [
        ("550", "550 5.1.1 no such user", "refused", meaning.BY_CODE["550"]),
        (None, "535 5.7.8 Authentication failed", "refused", meaning.BY_CODE["535"]),
        ("http_503", "HTTP 503", "later", meaning.SERVER_TROUBLE),
        ("http_418", "HTTP 418", "refused", meaning.BY_OUTCOME["refused"]),
        (None, "250 2.0.0 OK", "taken", meaning.BY_OUTCOME["taken"]),
        (None, None, None, ""),
    ],
)
def test_an_answer_is_explained(code: str | None, words: str | None, outcome: str | None, sentence: str) -> None:
    assert meaning.of_try(SimpleNamespace(code=code, words=words, outcome=outcome)) == sentence
