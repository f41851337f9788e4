"""What changed between two texts, word by word: a list a page can colour and sign."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"
# Friendly words and Liquid tags stay whole; Latin goes by words, everything else by characters.
_WORD = re.compile(r"\{\w{1,40}\}|\{\{.{1,200}?\}\}|\{%.{1,200}?%\}|[A-Za-z0-9_]+|\n|[^\S\n]+|.", re.DOTALL)
# Comparing word by word grows with the square: beyond this whole lines are marked.
_MOST_WORDS = 1_500


@dataclass(frozen=True)
class Run:
    """A run of text that stayed (`same`), went (`gone`) or came (`new`)."""

    kind: str
    text: str


def between(before: str, after: str) -> list[Run]:
    """The runs from one text to the other; lines first, then words within the lines that changed."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return list(_joined(_runs(old, new, fine=True)))


def of_parts(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[Run]]:
    """The same for each part of a wording that differs; a part that is missing is empty."""
    names = list(dict.fromkeys([*after, *before]))
    return {
        name: between(before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name, "") != after.get(name, "")
    }


def _runs(old: Sequence[str], new: Sequence[str], *, fine: bool) -> Iterator[Run]:
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, came = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            yield Run(SAME, gone)
        elif fine and gone and came and len(gone) + len(came) < 2 * _MOST_WORDS:
            yield from _runs(_WORD.findall(gone), _WORD.findall(came), fine=False)
        else:
            yield from (run for run in (Run(GONE, gone), Run(NEW, came)) if run.text)


def _joined(runs: Iterator[Run]) -> Iterator[Run]:
    """Neighbours of one kind as one."""
    last: Run | None = None
    for run in runs:
        if last is not None and last.kind == run.kind:
            last = Run(run.kind, last.text + run.text)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last
