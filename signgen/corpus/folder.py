"""The folder of a corpus: whose it is, whether it is finished, and what may be kept of a stopped run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.corpus.shard import Task
from signgen.corpus.splits import SPLITS
from signgen.data.atomic import resource_errors, write_text
from signgen.data.columnar import Columnar
from signgen.data.shard_files import SUFFIX
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import ConfigError, DataError

REPORT = "corpus.json"
MANIFEST = "manifest.jsonl"
MARKER = "unfinished.json"


@dataclass(frozen=True)
class CorpusFolder:
    """Where a corpus is made.

    Attributes:
        path: the folder.
        recipe: what decides its bytes; a stopped run is gone on with only under the same recipe.
    """

    path: Path
    recipe: Mapping[str, Any]

    def claim(self, force: bool) -> None:
        """Make the folder ours, or go on with a stopped run of the same recipe.

        Raises:
            ConfigError: it holds another corpus, or a finished one, and ``force`` is not given.
            ResourceError: it cannot be written.
        """
        mark = hashlib.sha256(to_json(self.recipe).encode()).hexdigest()
        marker = self.path / MARKER
        is_ours = marker.is_file() and read_json_object(marker).get("recipe") == mark
        if not is_ours:
            present = [file.name for file in self._files() if file.exists()]
            if present and not force:
                raise ConfigError(
                    f"{self.path}: holds a corpus already ({present[0]}); give another folder, or --force to replace it"
                )
            with resource_errors(self.path):
                for file in self._files():
                    file.unlink(missing_ok=True)
        with resource_errors(self.path):
            for file in self._leftovers():
                file.unlink(missing_ok=True)
            self.path.mkdir(parents=True, exist_ok=True)
        write_text(marker, to_json({"recipe": mark}) + "\n")

    def has(self, task: Task) -> bool:
        """Whether a shard is there and whole."""
        path = task.path(self.path)
        if not path.is_file():
            return False
        try:
            with Columnar(path) as shard:
                names = tuple(entry.name for entry in shard.clips)
                return names == task.names and not shard.verify()
        except DataError:
            return False

    def finish(self, report: Mapping[str, Any]) -> None:
        """Write the report, which says that the corpus is whole."""
        write_text(self.path / REPORT, to_json(report, indent=2) + "\n")
        (self.path / MARKER).unlink(missing_ok=True)

    def _leftovers(self) -> Iterable[Path]:
        """Half-written files of a run that was killed: those of `atomic_path`, which begin with a dot."""
        for name in (REPORT, MARKER, MANIFEST):
            stem, _, suffix = name.rpartition(".")
            yield from self.path.glob(f".{stem}.*.{suffix}")
        for split in SPLITS:
            yield from (self.path / split).glob(f".{split}-*{SUFFIX}")

    def _files(self) -> Iterable[Path]:
        """All that a corpus consists of; the report first, so that a half-removed one is never taken for whole."""
        yield from (self.path / name for name in (REPORT, MARKER, MANIFEST))
        for split in SPLITS:
            yield from sorted((self.path / split).glob(f"{split}-*{SUFFIX}"))
