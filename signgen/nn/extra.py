"""Say in one line which extra is missing, instead of a traceback from deep inside an import."""

from __future__ import annotations

from importlib.util import find_spec

from signgen.errors import DependencyError


def need(*packages: str, extra: str = "torch", what: str = "translation") -> None:
    """Raise unless all packages can be imported.

    Raises:
        DependencyError: one is not installed; names the extra that brings it.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise DependencyError(f'{what} needs {", ".join(missing)}; run: pip install "signgen[{extra}]"')
