"""One sample of a plan: a text and the choices it is made with, under a name that depends on nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signgen.batch.texts import Text
from signgen.data.strict_json import to_json
from signgen.errors import DataError

# 64 bits: of ten million samples two share an id with a chance of 1 to 370,000, which the plan would notice.
ID_DIGITS = 16
SPLIT = "train"
_KINDS = {"id": str, "text": str, "name": str, "seed": int, "choices": dict, "meta": dict}


@dataclass(frozen=True)
class Sample:
    """What is to be made.

    Attributes:
        id: 16 hexadecimal digits, from everything below and the settings of the plan.
        text: what is signed.
        name: what the file of texts calls it; may be empty.
        seed: of everything random in this sample.
        choices: settings of this sample alone by dotted path, such as ``renderer.signer``.
        meta: what the file of texts says beside the text.
    """

    id: str
    text: str
    name: str = ""
    seed: int = 0
    choices: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def split(self) -> str:
        """The split it belongs to."""
        return str(self.meta.get("split") or SPLIT)

    def line(self) -> bytes:
        """The sample as a line of ``plan.jsonl``."""
        return (to_json(self) + "\n").encode()

    @classmethod
    def of(cls, row: dict[str, Any], where: str) -> Sample:
        """The sample of a line.

        Raises:
            DataError: a field is missing, unknown or of the wrong kind.
        """
        if row.keys() != _KINDS.keys() or not all(isinstance(row[key], kind) for key, kind in _KINDS.items()):
            raise DataError(f"{where}: not a sample of a plan; make the plan anew")
        return cls(**row)


def new_sample(text: Text, choices: Mapping[str, Any], config_sha256: str) -> Sample:
    """The sample of a text with these choices.

    The choice ``seed`` and the settings go into the sample's own seed, so that two texts do not share their chance.
    """
    told = {"text": text.text, "name": text.name, "choices": dict(choices), "config": config_sha256}
    digest = hashlib.sha256(to_json(told).encode()).digest()
    rest = {path: value for path, value in choices.items() if path != "seed"}
    return Sample(
        digest.hex()[:ID_DIGITS], text.text, text.name, int.from_bytes(digest[-4:], "big"), rest, text.meta
    )
