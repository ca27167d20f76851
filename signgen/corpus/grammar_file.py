"""Read a grammar from YAML, strictly: every complaint names file and line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import yaml

from signgen.config import did_you_mean
from signgen.corpus.grammar import ONLY_FORM, Grammar, Option, Rule
from signgen.corpus.grammar_check import DEEPEST, check_grammar
from signgen.corpus.template import SAME_FORM, Fail, Signed, Slot, Text, parse_glosses, parse_text
from signgen.data.files import read_file
from signgen.data.yaml_tree import yaml_tree
from signgen.errors import DataError

SUFFIX = ".yaml"
MAX_BYTES = 4 << 20
DEPTH = 12
_BUILT_IN = Path(__file__).parent / "grammars"
_MAX_NESTING = 6
_MAX_TEXT = 2000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HEAD = ("about", "spoken_language", "signed_language", "lexicon", "case", "depth", "start")


def built_in() -> tuple[str, ...]:
    """Names of the grammars of the package."""
    return tuple(sorted(path.stem for path in _BUILT_IN.glob(f"*{SUFFIX}")))


def read_grammar(spec: str | Path) -> Grammar:
    """A grammar by file, or by name from `built_in`.

    Raises:
        DataError: the file is missing, too large, not YAML, or breaks a rule of docs/corpus.md; with file and line.
    """
    path = Path(spec)
    if str(spec) in built_in() and not path.exists():
        path = _BUILT_IN / f"{spec}{SUFFIX}"
    if not path.is_file():
        raise DataError(f"{path}: no such grammar; give a YAML file or one of: {', '.join(built_in())}")
    data = read_file(path, MAX_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; save it as UTF-8") from None
    root = yaml_tree(
        text, path, _MAX_NESTING, DataError, instead="write it out",
        quoting="quote texts that begin with { or [", empty="empty; see docs/corpus.md",
    )  # fmt: skip
    grammar = _grammar(_Mapping(root, path, "file"), path, hashlib.sha256(data).hexdigest())
    check_grammar(grammar)
    return grammar


@dataclass
class _Mapping:
    """A YAML mapping that knows its file and lines."""

    node: yaml.Node
    path: Path
    what: str

    def __post_init__(self) -> None:
        if not isinstance(self.node, yaml.MappingNode):
            _fail(self.path, self.node, f"{self.what}: expected names with values")
        self.items: dict[str, yaml.Node] = {}
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode) or not key.value:
                _fail(self.path, key, f"{self.what}: a name must be one word")
            if key.value in self.items:
                _fail(self.path, key, f"{key.value}: written twice")
            self.items[key.value] = value

    def check(self, allowed: Collection[str], required: Collection[str] = ()) -> None:
        for name, node in self.items.items():
            if name not in allowed:
                _fail(self.path, node, f"{name}: no such key{did_you_mean(name, allowed)}")
        for name in required:
            if name not in self.items:
                _fail(self.path, self.node, f"{self.what}: {name} is missing")

    def text(self, name: str, default: str = "") -> str:
        return _text(self.path, self.items[name], name) if name in self.items else default

    def number(self, name: str, default: float, low: float, high: float) -> float:
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            _fail(self.path, self.items[name], f"{name}: expected a number from {low:g} to {high:g}")
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, allowed[0])
        if value not in allowed:
            _fail(self.path, self.items[name], f"{name}: {value!r} is unknown{did_you_mean(value, allowed)}")
        return value


def _grammar(root: _Mapping, path: Path, sha256: str) -> Grammar:
    root.check((*_HEAD, "rules"), ("spoken_language", "signed_language", "start", "rules"))
    for name in ("spoken_language", "signed_language"):
        if not _LANGUAGE.fullmatch(root.text(name)):
            _fail(path, root.items[name], f"{name}: expected an ISO 639 code such as en or ase")
    rules = _Mapping(root.items["rules"], path, "rules")
    for name, node in rules.items.items():
        if not _NAME.fullmatch(name):
            _fail(path, node, f"rule {name[:40]!r}: a name has small letters, digits and _, 40 at most")
    return Grammar(
        name=path.stem,
        path=str(path),
        sha256=sha256,
        about=" ".join(root.text("about").split()),
        spoken_language=root.text("spoken_language"),
        signed_language=root.text("signed_language"),
        lexicon=root.text("lexicon"),
        is_lower=root.one_of("case", ("sentence", "lower")) == "lower",
        depth=int(root.number("depth", DEPTH, 1, DEEPEST)),
        start=root.text("start"),
        rules={name: _rule(name, node, path) for name, node in rules.items.items()},
    )


def _rule(name: str, node: yaml.Node, path: Path) -> Rule:
    forms: tuple[str, ...] = (ONLY_FORM,)
    options = node
    if isinstance(node, yaml.MappingNode):
        inside = _Mapping(node, path, name)
        inside.check(("forms", "options"), ("forms", "options"))
        options = inside.items["options"]
        forms = tuple(_text(path, item, "form") for item in _list(path, inside.items["forms"], "forms"))
        if len(set(forms)) != len(forms) or not all(map(_NAME.fullmatch, forms)):
            _fail(path, inside.items["forms"], "forms: expected different names in small letters")
    line = node.start_mark.line + 1
    return Rule(
        name, forms, tuple(_option(item, path, name, forms) for item in _list(path, options, name)), line
    )


def _option(node: yaml.Node, path: Path, name: str, forms: tuple[str, ...]) -> Option:
    weight, what = 1.0, node
    if isinstance(node, yaml.MappingNode):
        inside = _Mapping(node, path, name)
        inside.check(("say", "weight"), ("say",))
        weight, what = inside.number("weight", 1.0, 1e-6, 1e6), inside.items["say"]

    def fail(problem: str) -> NoReturn:
        _fail(path, what, f"{name}: {problem}")

    left, equals, right = _text(path, what, name).partition("=")
    cells = [parse_text(cell.strip(), fail) for cell in left.split("|")]
    if len(cells) == 1 and any(isinstance(part, Slot) and part.form == SAME_FORM for part in cells[0]):
        cells *= len(forms)
    cells = [_in_form(cell, form) for cell, form in zip(cells, forms, strict=False)] + cells[len(forms) :]
    if len(cells) != len(forms):
        fail(f"{len(cells)} forms where the rule has {len(forms)} ({' | '.join(forms)})")
    signs = parse_glosses(right, fail) if equals else _same(cells[0], fail)
    return Option(tuple(cells), signs, weight, what.start_mark.line + 1)


def _in_form(text: Text, form: str) -> Text:
    """A text with ``{rule.*}`` in the form that is asked of its line."""
    return tuple(
        replace(part, form=form) if isinstance(part, Slot) and part.form == SAME_FORM else part
        for part in text
    )


def _same(text: Text, fail: Fail) -> tuple[Signed, ...]:
    """A line of slots and punctuation is signed in the order of its text."""
    if any(isinstance(part, str) and any(map(str.isalnum, part)) for part in text):
        fail("expected `text = GLOSSES`; a line without = may have slots and punctuation alone")
    return tuple(Signed(Slot(part.rule, part.tag)) for part in text if isinstance(part, Slot))


def _list(path: Path, node: yaml.Node, what: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        _fail(path, node, f"{what}: expected a list that is not empty")
    return list(node.value)


def _text(path: Path, node: yaml.Node, what: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or len(node.value) > _MAX_TEXT:
        _fail(path, node, f"{what}: expected one text of at most {_MAX_TEXT} characters")
    return str(node.value)


def _fail(path: Path, node: yaml.Node, problem: str) -> NoReturn:
    raise DataError(f"{path}:{node.start_mark.line + 1}: {problem}")
