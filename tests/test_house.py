"""The house numbers: what the style of this code base promises, counted from its syntax trees.

A number that pinches is changed by a decision in docs/why, never by an exception written in here.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Block = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.Match

# The only two that may catch everything: the worker, so that a poison row harms nobody, and the web's outer wall.
WALLS = {"src/orderbell/runtime/worker.py": 1, "src/orderbell/web/wall.py": 1}

# What importing the whole house may not do: open a file for writing, a socket, a process or a database.
WATCHED_IMPORT = """
import importlib, pkgutil, sys
seen = []
def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event in ("socket.connect", "socket.bind", "subprocess.Popen", "sqlite3.connect", "os.mkdir"):
        seen.append(f"{event} {args[0]}")
import orderbell
sys.addaudithook(watch)
for module in pkgutil.walk_packages(orderbell.__path__, "orderbell."):
    if "migrations" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("\\n".join(seen), end="")
"""


@dataclass(frozen=True)
class Page:
    """One file of Python: its path from the root, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        return self.name.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def at(self, node: ast.AST) -> str:
        return f"{self.name}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', '')}".rstrip()


@dataclass(frozen=True)
class Deed:
    """A function with the page it stands on and whether its first argument is self or cls."""

    page: Page
    node: Function
    bound: bool

    @property
    def lines(self) -> int:
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1

    @property
    def is_table(self) -> bool:
        """One statement that is a match, or a call or value spelled out: style grants it leave to be long."""
        said = [each for each in self.node.body if not _is_text(each)]
        return len(said) == 1 and isinstance(said[0], ast.Match | ast.Return | ast.Expr)

    @property
    def where(self) -> str:
        return self.page.at(self.node)


@cache
def pages(folder: str) -> tuple[Page, ...]:
    """Every Python file under a folder of the repository."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text("utf-8")
        found.append(Page(path.relative_to(ROOT).as_posix(), text, ast.parse(text, str(path))))
    return tuple(found)


@cache
def deeds(folder: str = "src") -> tuple[Deed, ...]:
    """Every function and method, also those inside others."""
    return tuple(
        Deed(page, node, isinstance(parent, ast.ClassDef) and not _is_static(node))
        for page in pages(folder)
        for parent in ast.walk(page.tree)
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, Function)
    )


def _is_static(node: Function) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)


def nodes(kind: type[ast.AST] | tuple[type[ast.AST], ...], folder: str = "src") -> Iterator[tuple[Page, ast.AST]]:
    """Every node of a kind with its page."""
    for page in pages(folder):
        yield from ((page, node) for node in ast.walk(page.tree) if isinstance(node, kind))


def depth(node: ast.AST) -> int:
    """How deep blocks stand in blocks; an elif stands beside its if, and an inner function starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef | ast.Lambda):
            continue
        beside = isinstance(child, ast.If) and isinstance(node, ast.If) and node.orelse == [child]
        deepest = max(deepest, depth(child) + (isinstance(child, Block) and not beside))
    return deepest


def undocumented(page: Page, parent: ast.Module | ast.ClassDef) -> Iterator[str]:
    """The public classes, functions and methods under a node that do not say what they are."""
    for node in parent.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not _is_second_saying(node):
            yield page.at(node)
        if isinstance(node, ast.ClassDef):
            yield from undocumented(page, node)


def _is_second_saying(node: Function | ast.ClassDef) -> bool:
    """Overloads, setters and overrides were documented where they were first said."""
    marks = {ast.unparse(each).split(".")[-1] for each in node.decorator_list}
    return bool(marks & {"overload", "setter", "override"})


def caught(handler: ast.ExceptHandler) -> set[str]:
    """The names an except clause catches."""
    return set() if handler.type is None else {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)}


def comment_share(folder: str) -> float:
    """Lines with a comment for people, for each line of code; docstrings and blank lines are neither."""
    comments = code = 0
    for page in pages(folder):
        taken: dict[int, set[int]] = {}
        for token in tokenize.generate_tokens(io.StringIO(page.text).readline):
            for line in range(token.start[0], token.end[0] + 1):
                taken.setdefault(line, set()).add(token.type)
            comments += token.type == tokenize.COMMENT and re.match(r"# ?(type:|noqa|fmt:|!)", token.string) is None
        docs = _docstring_lines(page.tree)
        blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
        code += sum(1 for line, kinds in taken.items() if line not in docs and kinds - blank)
    return comments / code


def _docstring_lines(tree: ast.Module) -> set[int]:
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _is_text(node))
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def imports(page: Page, known: set[str]) -> set[str]:
    """The modules of the house that a module imports."""
    found: set[str] = set()
    for node in ast.walk(page.tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names} & known
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{each.name}" for each in node.names}
            found |= (inner & known) or ({node.module} & known)
    return found


def test_no_module_imports_itself_through_others() -> None:
    known = {page.module for page in pages("src")}
    TopologicalSorter({page.module: imports(page, known) for page in pages("src")}).prepare()


def test_no_file_is_longer_than_400_lines() -> None:
    assert [f"{page.name} {page.lines}" for page in (*pages("src"), *pages("tests")) if page.lines > 400] == []


def test_half_of_all_files_have_at_most_120_lines() -> None:
    assert statistics.median(page.lines for page in pages("src") if not page.name.endswith("__init__.py")) <= 120


def test_no_function_is_longer_than_40_lines() -> None:
    assert [f"{deed.where} {deed.lines}" for deed in deeds() if deed.lines > 40 and not deed.is_table] == []


def test_half_of_all_functions_have_at_most_10_lines() -> None:
    assert statistics.median(deed.lines for deed in deeds()) <= 10


def test_nine_functions_of_ten_have_at_most_30_lines() -> None:
    assert statistics.quantiles((deed.lines for deed in deeds()), n=10)[-1] <= 30


def test_no_function_takes_more_than_7_parameters() -> None:
    def count(deed: Deed) -> int:
        args = deed.node.args
        named = len(args.posonlyargs) + len(args.args) + len(args.kwonlyargs) - deed.bound
        return named + (args.vararg is not None) + (args.kwarg is not None)

    assert [f"{deed.where} {count(deed)}" for deed in deeds() if count(deed) > 7] == []


def test_no_function_takes_more_than_4_parameters_by_position() -> None:
    def count(deed: Deed) -> int:
        return len(deed.node.args.posonlyargs) + len(deed.node.args.args) - deed.bound

    assert [f"{deed.where} {count(deed)}" for deed in deeds() if count(deed) > 4] == []


def test_no_block_stands_deeper_than_3() -> None:
    assert [f"{deed.where} {depth(deed.node)}" for deed in deeds() if depth(deed.node) > 3] == []


def test_every_module_says_what_it_is() -> None:
    silent = [page.name for page in (*pages("src"), *pages("tests")) if ast.get_docstring(page.tree) is None]
    assert silent == []


def test_everything_public_says_what_it_is() -> None:
    assert [where for page in pages("src") for where in undocumented(page, page.tree)] == []


def test_everything_is_typed() -> None:
    def bare(deed: Deed) -> bool:
        args = [*deed.node.args.posonlyargs, *deed.node.args.args][deed.bound :] + deed.node.args.kwonlyargs
        return deed.node.returns is None or any(each.annotation is None for each in args)

    assert [deed.where for deed in deeds() if bare(deed)] == []


def test_comments_are_one_to_five_lines_in_a_hundred() -> None:
    assert 0.01 <= comment_share("src") <= 0.05


def test_nothing_is_imported_inside_a_function() -> None:
    inner = [
        deed.page.at(node)
        for deed in deeds()
        for node in ast.walk(deed.node)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inner == []


def test_a_package_holds_only_its_caption() -> None:
    packages = [page for page in pages("src") if page.name.endswith("__init__.py")]
    assert [page.name for page in packages if len(page.tree.body) != 1 or ast.get_docstring(page.tree) is None] == []


def test_importing_the_whole_house_does_nothing() -> None:
    command = [sys.executable, "-B", "-c", WATCHED_IMPORT]
    done = subprocess.run(command, cwd=SRC, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_no_except_is_bare_or_empty() -> None:
    def is_empty(handler: ast.ExceptHandler) -> bool:
        return all(isinstance(each, ast.Pass) or ast.unparse(each) == "..." for each in handler.body)

    handlers = [(page, node) for page, node in nodes(ast.ExceptHandler) if isinstance(node, ast.ExceptHandler)]
    assert [page.at(node) for page, node in handlers if node.type is None or is_empty(node)] == []


def test_only_the_worker_and_the_outer_wall_catch_everything() -> None:
    found: dict[str, int] = {}
    for page, node in nodes(ast.ExceptHandler):
        if isinstance(node, ast.ExceptHandler) and "Exception" in caught(node):
            found[page.name] = found.get(page.name, 0) + 1
    assert {name: count for name, count in found.items() if count > WALLS.get(name, 0)} == {}


def test_who_catches_even_a_stop_hands_it_on() -> None:
    def hands_on(handler: ast.ExceptHandler) -> bool:
        inner = [each for line in handler.body for each in ast.walk(line)]
        names = {each.id for each in inner if isinstance(each, ast.Name)}
        return handler.name in names or any(isinstance(each, ast.Raise) for each in inner)

    handlers = [(page, node) for page, node in nodes(ast.ExceptHandler) if isinstance(node, ast.ExceptHandler)]
    stops = [(page, node) for page, node in handlers if "BaseException" in caught(node)]
    assert [page.at(node) for page, node in stops if not hands_on(node)] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(rf"\b({'|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' * 3, 'NotImplemented' + 'Error'))})\b")
    assert [page.name for page in (*pages("src"), *pages("tests")) if later.search(page.text)] == []


def test_names_are_plain_words() -> None:
    vague = re.compile(r"(Manager|Helper|Util|Utils|Service)$|^(utils?|helpers?|managers?|services?)$")
    classes = [page.at(node) for page, node in nodes(ast.ClassDef) if vague.search(getattr(node, "name", ""))]
    assert classes + [page.name for page in pages("src") if vague.search(page.module.split(".")[-1])] == []


def test_every_test_is_at_most_16_lines() -> None:
    tests = [deed for deed in deeds("tests") if deed.node.name.startswith("test_")]
    assert [f"{deed.where} {deed.lines}" for deed in tests if deed.lines > 16] == []


def test_every_test_is_named_by_a_sentence() -> None:
    tests = [deed for deed in deeds("tests") if deed.node.name.startswith("test_")]
    assert [deed.where for deed in tests if len(deed.node.name.split("_")) < 4] == []
