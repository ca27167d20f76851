"""Sentences of the DGS Corpus as fluent-pose-synthesis has them: ``.pose`` files with a JSON of text and glosses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signgen.config import setting
from signgen.data.strict_json import read_json_object
from signgen.dataset.corpora.base import MISSING_DOC, Missing, corpora, is_left_out, plain_name, some
from signgen.dataset.manifest import Sample
from signgen.errors import DataError

MAX_JSON_BYTES = 4 << 20
_NAME = re.compile(r"(?:(train|dev|val|test)_)?.*_metadata\.json")


@corpora.register("dgs-pairs")
@dataclass(frozen=True)
class DgsPairs:
    """DGS Corpus pairs: ``NAME_metadata.json`` with ``NAME_original.pose`` and (stitched) ``NAME_updated.pose``."""

    which: Literal["original", "updated"] = setting("original", "the recording, or the stitched poses")
    missing: Missing = setting("error", MISSING_DOC)
    licence: str = setting("DGS-Korpus", "terms to note")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples in order of their numbers."""
        return some(self._samples(root), root, "NAME_metadata.json beside NAME_original.pose")

    def _samples(self, root: Path) -> Iterator[Sample]:
        for path in sorted(root.glob("*_metadata.json"), key=_order):
            name = path.name.removesuffix("_metadata.json")
            poses = root / f"{name}_{self.which}.pose"
            if is_left_out(poses.is_file(), self.missing, str(path), poses.name):
                continue
            text, gloss = _said(path)
            split = _NAME.fullmatch(path.name)
            yield Sample(
                plain_name(name),
                poses=poses if poses.is_file() else None,
                text=text,
                gloss=gloss,
                split=(split.group(1) if split else "") or "",
                licence=self.licence,
                source="dgs-corpus",
                signed_language="gsg",
                spoken_language="de",
            )


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    parts = re.findall(r"\d{1,12}|\D+", path.name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def _said(path: Path) -> tuple[str, str]:
    """German text and glosses."""
    sentence = read_json_object(path, MAX_JSON_BYTES).get("sentence")
    text = sentence.get("german") if isinstance(sentence, dict) else None
    glosses = sentence.get("glosses") if isinstance(sentence, dict) else None
    words = glosses.get("gloss") if isinstance(glosses, dict) else None
    if not isinstance(text, str) or not isinstance(words, list) or not all(isinstance(w, str) for w in words):
        raise DataError(f"{path}: expected sentence with german and glosses.gloss")
    return text, " ".join(words)
