"""What merchants' Liquid may call: chosen filters and tags, each with a bound, in a context that counts.

The engine's own limits bound loops, output and variables; these bound single steps (one `replace` can make
40 GB of 400 kB) and their number, so that a template of 64 kB ends within a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, Mode, RenderContext, StrictUndefined, Undefined
from liquid.builtin.expressions.primitive import IntegerLiteral, RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.capture_tag import CaptureNode, CaptureTag
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.exceptions import FilterArgumentError, ResourceLimitError
from liquid.stringify import to_liquid_string
from liquid.token import Token

from orderbell.messages.fences import fence_value, unfence

MAX_TEXT_CHARS = 4096
MAX_LIST_ENTRIES = 500
MAX_NUMBER = 10**15
MAX_STEPS = 10_000
MAX_RANGE = 1_000
# Left out: everything that loads files, writes HTML, or keeps state between renders.
TAGS = frozenset(
    {"output", "content", "illegal", "#", "if", "unless", "case", "for", "assign", "capture", "break", "continue",
     "echo", "comment"}
)  # fmt: skip
# Left out: date (strftime widths are bombs), escapes (the place escapes), concat, uniq and encodings.
FILTERS = frozenset(
    {"abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "default", "divided_by", "downcase",
     "first", "floor", "join", "last", "lstrip", "map", "minus", "modulo", "plus", "prepend", "remove",
     "remove_first", "replace", "replace_first", "reverse", "round", "rstrip", "size", "slice", "sort", "split",
     "squish", "strip", "sum", "times", "truncate", "truncatewords", "upcase", "where"}
)  # fmt: skip


class CountingContext(RenderContext):
    """A render that knows how many steps its filters took."""

    __slots__ = ("steps",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.steps = 0

    def filter(self, name: str, token: Any) -> Callable[..., object]:
        """The filter of that name, bounded and counted."""
        inner = super().filter(name, token)

        def bounded(*args: Any, **kwargs: Any) -> object:
            self.steps += 1 + sum(_weight(value) for value in (*args, *kwargs.values())) // 64
            if self.steps > MAX_STEPS:
                raise ResourceLimitError("this template takes too many steps", token=token)
            _refuse_growth(name, args)
            result = inner(*args, **kwargs)
            _weight(result)
            return result

        return bounded


class CountingTemplate(BoundTemplate):
    """A template rendered in a counting context."""

    context_class = CountingContext


class _Fenced(OutputNode):
    """An output whose value is fenced, so that no mark inside it counts."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Write the value between fences."""
        return buffer.write(fence_value(to_liquid_string(self.expression.evaluate(context), autoescape=False)))


class _FencedEcho(EchoNode):
    """The same for `echo`."""

    __slots__ = ()
    render_to_output = _Fenced.render_to_output


class _ClearCapture(CaptureNode):
    """A capture keeps clear text: filters must see values, not fences."""

    __slots__ = ()

    def _assign(self, context: RenderContext, buf: Any) -> None:
        context.assign(self.name, unfence(buf.getvalue()))


class _OutputTag(Output):
    node_class = _Fenced


class _EchoTag(EchoTag):
    node_class = _FencedEcho


class _CaptureTag(CaptureTag):
    node_class = _ClearCapture


class Sandbox(Environment):
    """The only Liquid there is: no loader, no includes, five limits, our tags and filters."""

    block_nesting_limit = 20
    context_depth_limit = 20
    local_namespace_limit = 200_000
    output_stream_limit = 262_144
    template_class = CountingTemplate

    def __init__(self, most_loops: int, undefined: type[Undefined]) -> None:
        super().__init__(tolerance=Mode.STRICT, undefined=undefined)
        self.loop_iteration_limit = most_loops  # type: ignore[misc]
        for tag in (_OutputTag, _EchoTag, _CaptureTag):
            self.add_tag(tag)
        # Chosen, not forbidden: what a later release of the engine adds stays outside.
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: deed for name, deed in self.filters.items() if name in FILTERS}


@cache
def sandbox(most_loops: int) -> Sandbox:
    """For sending: a variable a branch did not set is empty."""
    return Sandbox(most_loops, Undefined)


@cache
def strict_sandbox(most_loops: int) -> Sandbox:
    """For saving: an undefined variable is an error the author sees."""
    return Sandbox(most_loops, StrictUndefined)


def check_ranges(template: BoundTemplate) -> None:
    """Let pass only ranges of plain numbers: `reversed` and `contains` would write out a long one in full.

    Raises:
        FilterArgumentError: a range that is too long or not of plain numbers.
    """
    for found in _parts(template.nodes):
        if isinstance(found, RangeLiteral):
            ends = (found.start, found.stop)
            if not all(isinstance(end, IntegerLiteral) and abs(end.value) <= MAX_RANGE for end in ends):
                raise FilterArgumentError(f"a range goes from a number to a number, at most {MAX_RANGE}", token=None)


def _parts(root: object) -> Iterator[object]:
    """Every object of a parsed template. The engine's own walk skips some, so this one follows all attributes."""
    waiting, seen = [root], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, (Token, Environment)):
            continue
        seen.add(id(part))
        if isinstance(part, (list, tuple)):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
        elif type(part).__module__.split(".")[0] in ("liquid", "orderbell"):
            yield part
            slots = (name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()))
            waiting += [getattr(part, name, None) for name in slots]
            waiting += getattr(part, "__dict__", {}).values()


def _weight(value: object) -> int:
    """How large a value is, in characters.

    Raises:
        FilterArgumentError: too large to go on with.
    """
    if isinstance(value, str):
        return _at_most(len(value), MAX_TEXT_CHARS, "text")
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, range):
        raise FilterArgumentError("a range cannot be filtered", token=None)
    # Written with `not`, so that NaN is refused too.
    if isinstance(value, (int, float)) and not abs(value) <= MAX_NUMBER:
        raise FilterArgumentError("a number is too large", token=None)
    if isinstance(value, (list, tuple)):
        _at_most(len(value), MAX_LIST_ENTRIES, "list")
        return _at_most(sum(_weight(each) for each in value), 16 * MAX_TEXT_CHARS, "list") + len(value)
    return 1


def _at_most(size: int, most: int, what: str) -> int:
    if size > most:
        raise FilterArgumentError(f"a {what} is too long ({size} of {most})", token=None)
    return size


def _refuse_growth(name: str, args: Sequence[Any]) -> None:
    """Stop the filters that multiply before they do."""
    if name in ("replace", "join") and len(args) > 1:
        longest = max(len(str(each)) for each in args[1:])
        pieces = len(args[0]) + 1 if isinstance(args[0], (str, list, tuple)) else 1
        _at_most(longest * pieces, 256 * MAX_TEXT_CHARS, "text")
    if name == "round" and len(args) > 1 and not (isinstance(args[1], int) and 0 <= args[1] <= 9):
        raise FilterArgumentError("round takes 0 to 9 places", token=None)
