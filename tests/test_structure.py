"""The habits of CONTRIBUTING.md that a machine can hold us to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "signgen").rglob("*.py"))
MAX_FILE_LINES = 300
# numba's cache looks only at the file of a kernel for changes, so a kernel and what it calls stay in one file.
MAX_KERNEL_FILE_LINES = 450
MAX_FUNCTION_LINES = 60
# (function, keyword that would make it acceptable)
BANNED_CALLS = {
    "eval", "exec", "extractall", "os.system", "pickle.load", "pickle.loads", "yaml.load", "yaml.unsafe_load",
    "marshal.loads", "shelve.open", "tempfile.mktemp", "np.load",
}  # fmt: skip
BANNED_KEYWORDS = {("allow_pickle", True), ("shell", True), ("weights_only", False)}
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its length without the docstring."""
    doc = function.body[0] if ast.get_docstring(function) else None
    return function.end_lineno - function.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path):
    text, tree = path.read_text(encoding="utf-8"), tree_of(path)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {name_of(call) for call in calls}
    keywords = {
        (word.arg, word.value.value)
        for call in calls
        for word in call.keywords
        if isinstance(word.value, ast.Constant)
    }
    long = [
        f"{node.name}: {lines_of(node)} lines"
        for node in ast.walk(tree)
        if isinstance(node, FUNCTIONS) and lines_of(node) > MAX_FUNCTION_LINES
    ]
    first_line = (ast.get_docstring(tree) or "").split("\n")[0]
    assert first_line.endswith((".", "?", "`")), "a module says its one reason to exist"
    is_kernel = path.stem.endswith(("kernel", "kernels")) or path.parent.name == "kernels"
    assert len(text.splitlines()) <= (MAX_KERNEL_FILE_LINES if is_kernel else MAX_FILE_LINES)
    assert not long
    assert not {name for name in names if name in BANNED_CALLS or name.split(".")[-1] == "extractall"}
    assert not keywords & BANNED_KEYWORDS
    assert "print" not in names, "below the command line nothing prints; there typer.echo does"


def test_no_star_imports_and_no_asserts_about_user_input():
    for path in FILES:
        for node in ast.walk(tree_of(path)):
            assert not (isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names)), (
                path
            )
            if isinstance(node, ast.Assert):
                narrows_a_type = ast.unparse(node.test).startswith("isinstance(")
                assert narrows_a_type, f"{path}:{node.lineno}"


def test_median_function_is_short():
    lengths = sorted(
        lines_of(node) for path in FILES for node in ast.walk(tree_of(path)) if isinstance(node, FUNCTIONS)
    )
    assert lengths[len(lengths) // 2] <= 12
