"""Every error code the house can answer with, read from its own source text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orderbell.base import errors

ROOMS = Path(errors.__file__).parent.parent
APART = ("cli", "channels")
"""Rooms whose codes never reach an API answer: a command line's, and the words of providers."""


@dataclass(frozen=True, order=True)
class Code:
    """A code with the HTTP status it comes with and one sentence said with it; `…` stands for what varies."""

    status: int
    code: str
    sentence: str


def all_codes() -> list[Code]:
    """Every code once, by status and name; the sentence is the first one found."""
    found: dict[str, Code] = {}
    root = errors.OrderBellError
    found[root.code] = Code(root.status, root.code, "Something went wrong on our side; the log knows more.")
    for kind in (kind for kind in _kinds().values() if kind is not root):
        found[kind.code] = Code(kind.status, kind.code, _first_line(kind.__doc__))
    for path in sorted(ROOMS.rglob("*.py")):
        if path.relative_to(ROOMS).parts[0] not in APART:
            for code in _read(ast.parse(path.read_text("utf-8"))):
                found.setdefault(code.code, code)
    return sorted(found.values())


def _kinds() -> dict[str, type[errors.OrderBellError]]:
    named = vars(errors).items()
    return {name: kind for name, kind in named if isinstance(kind, type) and issubclass(kind, errors.OrderBellError)}


def _read(tree: ast.Module) -> Iterator[Code]:
    makers = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _takes_code(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield from _pair(node.value.elts)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if kind := _kinds().get(node.func.id):
                yield from (Code(kind.status, code, _sentence(node.args)) for code in _named(node))
            elif maker := makers.get(node.func.id):
                yield from (_through(maker, code) for code in _at(node, _place(maker)))


def _pair(said: list[ast.expr]) -> Iterator[Code]:
    """A function may return a code and its sentence, for another to raise: `return "too_long", f"{field} …"`."""
    if len(said) == 2 and (sentence := _sentence(said[1:])).endswith("."):
        yield from (Code(errors.BadInput.status, code, sentence) for code in _texts(said[0]))


def _takes_code(node: ast.FunctionDef) -> bool:
    return any(each.arg == "code" for each in (*node.args.args, *node.args.kwonlyargs))


def _place(maker: ast.FunctionDef) -> int:
    names = [each.arg for each in maker.args.args]
    return names.index("code") if "code" in names else len(names)


def _at(call: ast.Call, place: int) -> Iterator[str]:
    yield from _texts(call.args[place] if place < len(call.args) else None)
    yield from _named(call)


def _named(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from _texts(keyword.value)


def _texts(node: ast.expr | None) -> Iterator[str]:
    """The constant, or both constants of `"a" if … else "b"`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _through(maker: ast.FunctionDef, code: str) -> Code:
    """The code as a function of that module says it: with the error that function makes."""
    for call in ast.walk(maker):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _kinds():
            return Code(_kinds()[call.func.id].status, code, _sentence(call.args))
    return Code(errors.BadInput.status, code, "")


def _sentence(said: list[ast.expr]) -> str:
    match said:
        case [ast.Constant(value=str(text)), *_]:
            return text
        case [ast.JoinedStr(values=parts), *_]:
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
    return ""


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]
