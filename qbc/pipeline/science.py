"""What of the module qbc a chapter is made from: the files whose code its cells can reach, and that code without its words."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qbc.pipeline.complete import MAGIC

PACKAGE = Path(__file__).parent.parent
DECLARED = {"rests_on", "drops"}  # what a check declares, beside what it compares
DRAWS = {"plots.py"}  # what only draws: it gives a cell nothing back, so no verdict can rest on it


def parsed(source: str) -> ast.Module:
    """The code of a cell or module, magics left out. Raises ``SyntaxError`` for what is no Python even then."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(MAGIC.sub(r"\1pass", source))


class _Bare(ast.NodeTransformer):
    """Code without what can change no number: docstrings, and the declarations of checks."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if getattr(node.func, "id", "") in ("check", "dict"):
            node.keywords = [k for k in node.keywords if k.arg not in DECLARED]
        return self.generic_visit(node)


class _Unpublished(ast.NodeTransformer):
    """Code without what it only publishes: the import of ``live``, what its calls give or do, and functions that it decorates."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        node.names = [a for a in node.names if (node.module, a.name, a.asname) != ("qbc", "live", None)]
        return node if node.names else None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_of_live(node.value) else node

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        return None if _is_of_live(node.value) else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return None if any(map(_is_of_live, node.decorator_list)) else node


def _is_of_live(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("live.")


def unpublished(source: str) -> str:
    """A cell without what it only publishes, which no verdict rests on; as it stands if that is nothing, empty if that is all."""
    if "live" not in source:
        return source
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic of IPython
        return source
    kept = _Unpublished().visit(ast.parse(source))
    return source if ast.dump(kept) == ast.dump(tree) else ast.unparse(kept)


def bare(source: str) -> str:
    """Code as its meaning: without comments, docstrings, layout and declarations."""
    try:
        return ast.dump(_Bare().visit(ast.parse(source)))
    except SyntaxError:  # a magic of IPython
        return source


@dataclass(frozen=True)
class _Module:
    """A file as the evidence sees it: its code bare, what it imports (bound name, dotted name), the names it defines and those it
    takes from another module by a dot."""

    text: str
    imports: tuple[tuple[str, str], ...]
    defines: frozenset[str]
    uses: frozenset[str]
    facade: bool

    def taken(self, package: Path) -> set[str]:
        """The names it may have from facades."""
        files = {dotted: list(_files(dotted, package)) for _, dotted in self.imports if not self.facade}
        return {*self.uses, *(d.rpartition(".")[2] for d, found in files.items() if found and found[-1].name == "__init__.py")}

    def needed(self, used: Set[str], package: Path) -> Iterator[Path]:
        """The files of qbc that importing it runs; of a facade's, those that give one of the names ``used``."""
        for bound, dotted in self.imports:
            files = list(_files(dotted, package))
            given = _module(files[-1]).defines if files and bound == "*" else {bound}
            yield from files if not self.facade or given & used or "*" in used else ()


@cache
def _module(file: Path) -> _Module:
    return _read(file.read_text("utf8"), facade=file.name == "__init__.py")


def _read(source: str, facade: bool = False) -> _Module:
    """A module or cell. A facade, ``__init__.py``, is without its imports and ``__all__``: what it lists beside what is used is no
    evidence of anything."""
    try:
        tree = parsed(source)
    except SyntaxError:  # IPython's own syntax within a line
        return _Module(source, (), frozenset(), frozenset(), facade)
    if facade:
        own = [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom) and "__all__" not in ast.unparse(n)]
    nodes = list(ast.walk(tree))
    imports = tuple(_imported(nodes))
    defines = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    defines |= {getattr(t, "id", "") for n in tree.body if isinstance(n, ast.Assign) for t in n.targets}
    uses = {n.attr for n in nodes if isinstance(n, ast.Attribute)} | {n.id for n in nodes if facade and isinstance(n, ast.Name)}
    return _Module(bare("\n".join(map(ast.unparse, own)) if facade else source), imports, frozenset(defines), frozenset(uses), facade)


def _imported(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((a.asname or a.name, a.name) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)


def _files(name: str, package: Path) -> Iterator[Path]:
    """The files of qbc that importing a dotted name runs."""
    first, *parts = name.split(".")
    if first != "qbc" or parts[:1] == ["pipeline"]:
        return
    for i in range(len(parts) + 1):
        here = package.joinpath(*parts[:i])
        yield from (p for p in (here.with_suffix(".py"), here / "__init__.py") if p.is_file())


def science(sources: Sequence[str], package: Path) -> dict[str, str]:
    """The modules of qbc that cells use, however indirectly: name of the file and its code, bare.

    ``from qbc import bounds`` imports every right-hand side there is: only those modules count that give a name which some cell or
    module found so far takes from another. A name in a string is not seen.
    """
    cells = [_read(s) for s in sources]
    found: set[Path] = set()
    while True:
        modules = [*cells, *map(_module, found)]
        used = set().union(*(m.taken(package) for m in modules))
        new = {p for m in modules for p in m.needed(used, package)} - found
        if not new:
            break
        found |= new
    return {str(p.relative_to(package)): _module(p).text for p in sorted(found)}
