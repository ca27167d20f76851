"""The tree of a YAML text whose nodes know their lines; without references, which could make it explode."""

from __future__ import annotations

from pathlib import Path

import yaml

from signgen.errors import SignGenError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def yaml_tree(
    text: str, path: Path, deepest: int, error: type[SignGenError], *, instead: str, quoting: str, empty: str
) -> yaml.Node:
    """The root node of a text.

    Args:
        text: of the whole file.
        path: what errors begin with.
        deepest: most levels of nesting.
        error: what is raised for a text that is not YAML, has references or is nested too deep.
        instead: what to do about the latter two.
        quoting: what to look at in a text that is not YAML.
        empty: what is wrong with a text without content.
    """
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > deepest:
                line = event.start_mark.line + 1 if event.start_mark else 1
                what = "nested too deep" if depth > deepest else "references (*name) are not allowed"
                raise error(f"{path}:{line}: {what}; {instead}")
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise error(f"{path}:{line}: not valid YAML: {fault.problem}; {quoting}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        if isinstance(fault, SignGenError):
            raise
        raise error(f"{path}: not valid YAML: {' '.join(str(fault).split())[:80]}") from None
    if node is None:
        raise error(f"{path}: {empty}")
    return node
