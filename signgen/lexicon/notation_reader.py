"""A YAML mapping read strictly: every scalar as text, every complaint with file and line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import yaml

from signgen.config import did_you_mean
from signgen.data.yaml_tree import yaml_tree
from signgen.errors import LexiconError

_MAX_DEPTH = 6
# The compiled reader where PyYAML has it: several times as fast.


class Reader:
    """A YAML mapping that knows its file and line; scalars are read as text, as they are written."""

    def __init__(self, node: yaml.Node, path: Path, what: str) -> None:
        self.path, self.line, self.what = path, node.start_mark.line + 1, what
        if not isinstance(node, yaml.MappingNode):
            self.fail(f"{what}: expected keys with values, such as `hand: 5`")
        self._nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not name or name in self._nodes:
                self.line = key.start_mark.line + 1
                self.fail(f"{name or 'key'}: written twice" if name else "a key must be one word")
            self._nodes[name] = value

    @classmethod
    def of_text(cls, text: str, path: Path) -> Reader:
        """The mapping of a whole file.

        Raises:
            LexiconError: not YAML, or YAML with references, or nested too deep.
        """
        node = yaml_tree(
            text, path, _MAX_DEPTH, LexiconError, instead="write the sign out",
            quoting="check quotes and brackets", empty="no signs in it; see docs/notation.md",
        )  # fmt: skip
        return cls(node, path, "file")

    def fail(self, problem: str, key: str = "") -> NoReturn:
        """Complain, with file and line."""
        line = self._nodes[key].start_mark.line + 1 if key else self.line
        raise LexiconError(f"{self.path}:{line}: {problem}")

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def items(self) -> Iterator[tuple[str, Reader]]:
        """Keys with the mappings under them (or, for a face, with this mapping)."""
        for key, node in self._nodes.items():
            is_scalar = isinstance(node, yaml.ScalarNode) and self.what != "file"
            yield key, self if is_scalar else Reader(node, self.path, key)

    def inside(self, key: str) -> Reader:
        """The mapping under a key."""
        return Reader(self._nodes[key], self.path, key)

    def list(self, key: str) -> Sequence[Reader]:
        """The mappings of the list under a key."""
        node = self._nodes[key]
        if not isinstance(node, yaml.SequenceNode):
            self.fail(f"{key}: expected a list", key)
        return [Reader(item, self.path, key) for item in node.value]

    def check_keys(self, allowed: Collection[str], required: Collection[str]) -> None:
        """Complain about keys that do not exist or are missing."""
        for key in self._nodes:
            if key not in allowed:
                self.fail(f"{key}: no such key{did_you_mean(key, allowed)}", key)
        lacking = [key for key in required if key not in self._nodes]
        if lacking:
            self.fail(f"{self.what}: {lacking[0]} is missing; write {', '.join(required)}")

    def text(self, key: str, default: str) -> str:
        """One value as text."""
        if key not in self._nodes:
            return default
        node = self._nodes[key]
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip() or len(node.value) > 1000:
            self.fail(f"{key}: expected one value", key)
        return str(node.value).strip()

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        node = self._nodes[key]
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        found = [item.value.strip() for item in items if isinstance(item, yaml.ScalarNode)]
        if not found or len(found) != len(items) or not all(found) or max(map(len, found)) > 200:
            self.fail(f"{key}: expected a list of words, such as [eat, food]", key)
        return tuple(dict.fromkeys(found))

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """One of several words."""
        value = self.text(key, default)
        if value not in allowed and key in self._nodes:
            self.fail(
                f"{key}: {value!r} is unknown{did_you_mean(value, allowed)}",
                key,
            )
        return value

    def number(self, key: str, default: float | None, lowest: float, highest: float) -> float | None:
        """A number in a range."""
        text = self.text(key, "")
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            self.fail(f"{key}: expected a number from {lowest:g} to {highest:g}, got {text!r}", key)
        return value

    def pair(self, key: str) -> tuple[str, str]:
        """``a`` or ``a > b``."""
        parts = [part.strip() for part in self.text(key, "").split(">")]
        if len(parts) > 2 or not all(parts):
            self.fail(f"{key}: expected one value, or two as start > end", key)
        return parts[0], parts[-1]
