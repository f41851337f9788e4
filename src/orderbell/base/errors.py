"""Every refusal the house can utter: a code for programs, a sentence for people, an HTTP status."""

from __future__ import annotations


class OrderBellError(Exception):
    """The root of the tree; `code` is stable, `sentence` may be reworded at any time.

    `extra` travels with the answer as further members of the problem document and must hold no secret.
    """

    code = "internal"
    status = 500

    def __init__(self, sentence: str, *, code: str | None = None, **extra: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.extra = extra
        if code is not None:
            self.code = code


class BadInput(OrderBellError):
    """What was sent cannot be understood or is not allowed."""

    code = "bad_input"
    status = 400


class NotSignedIn(OrderBellError):
    """No credential, or one that does not hold."""

    code = "not_signed_in"
    status = 401


class BadSignature(NotSignedIn):
    """The signature of a request does not match its body."""

    code = "bad_signature"


class NotAllowed(OrderBellError):
    """The credential holds but does not reach this far."""

    code = "not_allowed"
    status = 403


class NotFound(OrderBellError):
    """Nothing of that name in this shop; another shop's row reads the same."""

    code = "not_found"
    status = 404


class Conflict(OrderBellError):
    """The row is no longer what the caller thought it was."""

    code = "conflict"
    status = 409


class TooLarge(OrderBellError):
    """More bytes or rows than the door lets in."""

    code = "too_large"
    status = 413


class TooOften(OrderBellError):
    """A rate limit was reached; `retry_after_s` says when to come back."""

    code = "too_often"
    status = 429

    def __init__(self, sentence: str, *, retry_after_s: int, code: str | None = None) -> None:
        super().__init__(sentence, code=code, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class NotReady(OrderBellError):
    """The house cannot take this now (database away, disk full, stopping); try again."""

    code = "not_ready"
    status = 503


class Misconfigured(OrderBellError):
    """A setting makes it unsafe or impossible to go on."""

    code = "misconfigured"
    status = 500
