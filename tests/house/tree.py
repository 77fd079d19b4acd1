"""The sources as syntax trees, and the committed lists that may only shrink."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from deploy.local.processes import ROOT

PRODUCT = ("services", "shared", "simulation", "deploy", "benchmarks")
LISTS = ROOT / "tests" / "house" / "lists"
_SQL = re.compile(
    r"\s*(?:SELECT\b|INSERT\s+INTO\b|UPDATE\s+\w+\s+(?:AS\s+\w+\s+)?SET\b|DELETE\s+FROM\b|TRUNCATE\b"
    r"|WITH\s+\w+\s*(?:\([^)]*\)\s*)?AS\s*\(|(?:CREATE|ALTER|DROP)\s+(?:TABLE|INDEX|SCHEMA|DATABASE|ROLE)\b)"
)
_RIDDLE = re.compile(r"(?:who|what|whether|whoever|nobody)\b", re.IGNORECASE)


@cache
def sources(*folders: str) -> dict[str, ast.Module]:
    """Every Python file of the folders by its path from the root."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


def entries(name: str) -> list[str]:
    """The lines of a list without its comments."""
    lines = (LISTS / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def has_sql(tree: ast.Module) -> bool:
    """Return whether any text of the module is a statement."""
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SQL.match(node.value))
        for node in ast.walk(tree)
    )


def documented(tree: ast.Module) -> Iterator[str]:
    """Every docstring of the module, its classes and functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def has_riddle(tree: ast.Module) -> bool:
    """Return whether a docstring begins with a question word in place of a subject and a verb."""
    return any(_RIDDLE.match(text) for text in documented(tree))


def classes(tree: ast.Module) -> Iterator[str]:
    """The names of the module's classes, nested ones included."""
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def defined(tree: ast.Module) -> Iterator[str]:
    """Every name that the module gives to something: classes, functions, parameters, variables."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def words_of(name: str) -> set[str]:
    """The words of an identifier, in small letters, whichever way they are joined."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
