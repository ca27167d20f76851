"""``loop.json``: which steps are done, with which settings, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.sidecar import package_version
from signgen.data.strict_json import plain, read_json_object, to_json
from signgen.errors import ConfigError, DataError
from signgen.workflow import digest

FILE = "loop.json"
KIND, SCHEMA = "signgen loop", 1


class Stopped(Exception):  # noqa: N818
    """Somebody asked the loop to end; the same command goes on."""


@dataclass(frozen=True)
class Step:
    """A piece of the loop that is done once.

    Attributes:
        name: of the step and, where it makes one, its folder.
        decides: plain values on which its outcome depends, beside the steps before it.
        work: does it, or goes on with it; gives its facts, ready for JSON.
        proof: files that are there when it is done.
        is_final: made anew where its settings changed; other steps would make all after them worthless.
    """

    name: str
    decides: Any
    work: Callable[[], Mapping[str, Any]]
    proof: tuple[Path, ...]
    is_final: bool = False


@dataclass
class Ledger:
    """The steps of a folder that are done.

    Attributes:
        folder: of the loop.
        steps: name -> key, seconds and facts.
    """

    folder: Path
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Ledger:
        """What a folder holds; nothing if it is new.

        Raises:
            DataError: a damaged ledger.
            ConfigError: the folder holds something else.
        """
        path = folder / FILE
        if not path.exists():
            if folder.is_dir() and any(folder.iterdir()):
                raise ConfigError(f"{folder}: holds other files; choose an empty folder")
            return cls(folder)
        found = read_json_object(path)
        steps = found.get("steps")
        if found.get("kind") != KIND or found.get("version") != SCHEMA or not isinstance(steps, dict):
            raise DataError(f"{path}: not the account of a loop; choose another folder")
        return cls(folder, steps)

    def run(self, step: Step, before: str) -> str:
        """Do a step that is not done; its key, which stands for its outcome.

        Args:
            step: the step.
            before: key of the step before it.

        Raises:
            ConfigError: it was done with other settings.
            SignGenError: as the step raises.
        """
        key = digest.of_text(to_json([step.name, step.decides, before]))
        done = self.steps.get(step.name)
        if done is not None and done["key"] != key and not step.is_final:
            raise ConfigError(
                f"{self.folder}: its step {step.name!r} was done with other settings; choose another folder"
            )
        is_there = all(path.exists() for path in step.proof)
        if done is not None and done["key"] == key and done["is_done"] and is_there:
            return key
        # Claimed first: what a stopped step leaves is gone on with under the same settings alone.
        row = {"key": key, "decides": step.decides, "is_done": False}
        self._note(step.name, row)
        started = time.monotonic()
        facts = plain(step.work())
        seconds = round(time.monotonic() - started, 2)
        self._note(step.name, {**row, "is_done": True, "seconds": seconds, "facts": facts})
        return key

    def facts(self, name: str) -> Mapping[str, Any]:
        """What came of a step that is done."""
        found: Mapping[str, Any] = self.steps[name]["facts"]
        return found

    def _note(self, name: str, row: dict[str, Any]) -> None:
        self.steps[name] = row
        values = {"kind": KIND, "version": SCHEMA, "signgen": package_version("signgen"), "steps": self.steps}
        write_text(self.folder / FILE, to_json(values, indent=1) + "\n")
