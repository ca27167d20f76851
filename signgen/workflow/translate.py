"""Clips to text: poses or videos through a trained translator, listed line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.npz import read_npz
from signgen.data.strict_json import to_json
from signgen.errors import ConfigError, DataError, PoseError
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest
from signgen.workflow.clip_parts import parts_of, text_of
from signgen.workflow.evaluation_inputs import Source
from signgen.workflow.extract import extract_with, prepare
from signgen.workflow.judges import judge_folders
from signgen.workflow.line_cache import LineCache
from signgen.workflow.outputs import refuse_existing
from signgen.workflow.progress import Progress, silent

if TYPE_CHECKING:
    from signgen.slt.settings import DecodeSettings
    from signgen.slt.translate import SignTranslator

DEFAULT_BEAM = 5
SUFFIXES = (".jsonl", ".txt")
# Clips translated together: a kill loses at most so many.
_TOGETHER = 32


@dataclass(frozen=True)
class How:
    """How clips are translated.

    Attributes:
        beam: texts that are followed side by side, and prefixes of glosses; None: as the translator's card says, or
            `DEFAULT_BEAM`.
        n_best: translations of a clip.
        fps: rate of pose files that carry none.
        extraction: settings of the extractor, for videos and a translator of poses.
        device: that the translator computes on.
    """

    beam: int | None = None
    n_best: int = 1
    fps: float | None = None
    extraction: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"


def translate_files(
    source: Path,
    judge: str,
    output: Path | None = None,
    how: How | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Translate clips and perhaps write them.

    Args:
        source: pose files, videos, shards or a list, see `signgen.workflow.evaluation_inputs.read_sources`.
        judge: name or folder of a trained translator; of several under one name the one with the best dev score.
        output: ``.jsonl``, a line for each clip, or ``.txt``, the texts alone. A stopped run goes on.
        how: to translate.
        force: replace the file.
        progress: told how many clips are done.

    Returns:
        a row for each clip: ``name``, ``text``, ``log_probability``, ``glosses``, ``n_best`` where several were asked
        for, ``reference`` where the text is known; ``error`` where it cannot be read.

    Raises:
        SignGenError: a leaf that says what is wrong.
    """
    how = how or How()
    if output is not None:
        if output.suffix not in SUFFIXES:
            raise ConfigError(f"{output}: name a file that ends in {' or '.join(SUFFIXES)}")
        refuse_existing([output], force)
    prepare(how.extraction)  # a wrong setting is an error also where there are no videos
    parts = parts_of(source, how.fps)
    reader = _reader(judge, how)
    partial = None if output is None else output.with_name(f".{output.name}.partial")
    cache, rows = LineCache(partial), []
    total = sum(len(part.infos) for part in parts)
    for part in parts:
        clips = list(part.read().items())
        for start in range(0, len(clips), _TOGETHER):
            some = clips[start : start + _TOGETHER]
            found = cache.together(some, [reader.key(clip) for _, clip in some], reader.rows)
            rows += [_described(name, clip, row) for (name, clip), row in zip(some, found, strict=True)]
            progress("clips", len(rows), total)
    if output is not None and partial is not None:
        write_text(output, _text(rows, output.suffix))
        partial.unlink(missing_ok=True)
    return rows


@dataclass(frozen=True, eq=False)
class _Reader:
    """A translator with its way of reading."""

    translator: SignTranslator
    id: str
    how: How
    decode: DecodeSettings

    def key(self, clip: Source) -> str:
        """What stands for a clip and how it is read."""
        seen = (
            digest.of_file(clip.video) if self._looks(clip) and clip.video else digest.of_poses(_poses(clip))
        )
        return digest.of_config(
            {"weights": self.id, "beam": self.decode.beam, "alpha": self.decode.alpha,
             "n_best": self.how.n_best, "clip": seen,
             "extraction": dict(self.how.extraction)}
        )  # fmt: skip

    def rows(self, clips: Sequence[tuple[str, Source]]) -> list[dict[str, Any]]:
        """What is read of each clip, or why nothing is."""
        seen: list[np.ndarray | str] = [self._seen(clip) for _, clip in clips]
        ready = [block for block in seen if not isinstance(block, str)]
        decode, count = self.decode, self.how.n_best
        found = iter(self.translator.translate_frames(ready, decode, decode.beam, count) if ready else [])
        return [
            {"error": block} if isinstance(block, str) else {"texts": [vars(text) for text in next(found)]}
            for block in seen
        ]

    @property
    def _is_of_video(self) -> bool:
        from signgen.slt.settings import VIDEO_FRONTENDS

        return self.translator.model.settings.frontend in VIDEO_FRONTENDS

    def _looks(self, clip: Source) -> bool:
        """Whether the video itself is needed."""
        return self._is_of_video or (clip.poses is None and clip.extracted is None)

    def _seen(self, clip: Source) -> np.ndarray | str:
        """What the model sees of a clip, or why it sees nothing."""
        from signgen.slt.features import features

        try:
            if self._is_of_video:
                return self._images(clip)
            poses = self._extracted(clip.video) if self._looks(clip) and clip.video else _poses(clip)
            return features(poses, self.translator.card.fps)
        except (PoseError, DataError) as error:
            return str(error)

    def _images(self, clip: Source) -> np.ndarray:
        from signgen.slt.video_frames import images_of

        if clip.video is None:
            raise DataError("poses alone, and the translator reads videos; name the video of the clip")
        return images_of(clip.video, self.translator.card.fps, self.translator.model.settings.image_size)

    def _extracted(self, video: Path) -> PoseSequence:
        """Poses found in a video."""
        job = prepare({**self.how.extraction, "all_people": False})
        with TemporaryDirectory(prefix="signgen-") as folder:
            place = Path(folder) / "poses.npz"
            extract_with(job, video, place, False, silent)
            return read_npz(place)


def _reader(judge: str, how: How) -> _Reader:
    """The translator of a name; of several the one with the best dev score, of equal ones the first."""
    from signgen.slt.card import WEIGHTS, load_weights
    from signgen.slt.settings import DecodeSettings
    from signgen.slt.translate import load_translator

    places = [folder if (folder / WEIGHTS).is_file() else folder / "best" for folder in judge_folders(judge)]
    if len(places) > 1:
        scores = [float(load_weights(place)[1].dev.get("bleu") or 0) for place in places]
        places = [places[int(np.argmax(scores))]]
    translator = load_translator(places[0], how.device)
    decode = translator.card.swept if how.beam is None else None
    decode = decode or DecodeSettings(beam=how.beam or DEFAULT_BEAM)
    decode = replace(decode, beam=max(decode.beam, how.n_best))
    return _Reader(translator, digest.of_file(places[0] / WEIGHTS), how, decode)


def _poses(clip: Source) -> PoseSequence:
    poses = clip.poses if clip.poses is not None else clip.extracted
    if poses is None:
        raise DataError(f"{clip.video}: a video without poses")
    return poses


def _described(name: str, clip: Source, found: Mapping[str, Any]) -> dict[str, Any]:
    """The line of a clip."""
    reference = text_of(clip.info)
    known: dict[str, Any] = {"reference": reference} if reference else {}
    if "error" in found:
        return {"name": name, "text": "", **known, "error": found["error"]}
    texts = found["texts"]
    row: dict[str, Any] = {"name": name, **texts[0], **known}
    if len(texts) > 1:
        row["n_best"] = [{key: text[key] for key in ("text", "log_probability")} for text in texts]
    return row


def _text(rows: Sequence[Mapping[str, Any]], suffix: str) -> str:
    """The file; in plain text a clip that cannot be read leaves its line empty."""
    if suffix == ".txt":
        return "".join(f"{row['text']}\n" for row in rows)
    return "".join(f"{to_json(row)}\n" for row in rows)
