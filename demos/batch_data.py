"""Batches of training data and a sheet of what is in them: bodies and views, as poses, for ControlNet, as video.

python demos/batch_data.py [--text "Any sentence."] [--output demo/batch_data.jpg]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from panels import ACCENT, INK, QUIET, below, beside, blank, fitted, save_picture, written

import signgen
from signgen.batch.output.read import read_samples

CELL, MARGIN = 190, 104
# Which moment of each clip is shown, as a share of its length.
MOMENT = 0.42
YAWS = [-30, 0, 30]
# Each row is a batch: its name, its settings and what varies. Poses get looks; the avatar has bodies of its own.
ROWS = (
    ("poses", {"name": "skeleton", "size": 512}, {"look.signer": [7, 28], "look.yaw": YAWS}),
    (
        "ControlNet",
        {"name": "skeleton", "style": "controlnet", "size": 512},
        {"look.signer": [3, 12], "look.yaw": YAWS},
    ),
    ("avatar", {"name": "avatar", "size": 256}, {"renderer.signer": ["bola", "farah"], "renderer.yaw": YAWS}),
    (
        "more avatars",
        {"name": "avatar", "size": 256},
        {"renderer.signer": ["seed:4", "seed:9"], "renderer.yaw": YAWS},
    ),
)


def moment_of(video: bytes, folder: Path) -> np.ndarray:
    """One frame of a video."""
    path = folder / "clip.mp4"
    path.write_bytes(video)
    frames = list(signgen.read_video(path).frames())
    return np.asarray(frames[round(MOMENT * (len(frames) - 1))])


def samples_of(text: str, renderer: dict, vary: dict, folder: Path) -> dict[tuple[str, str], np.ndarray]:
    """Plan and make a batch of one text; a picture of each sample by its signer and view."""
    settings = {"renderer": {**renderer, "zoom": 1.15}, "captions": False}
    signgen.plan_batch([text], folder, settings, vary=vary, video=True)
    signgen.run_batch(folder, workers=0)
    pictures = {}
    for shard in sorted((folder / "data").glob("*.tar")):
        for sample in read_samples(shard):
            record = sample.record
            pictures[record["signer"], record["view"]] = moment_of(sample.members["mp4"], folder)
    return pictures


def row_of(name: str, pictures: dict[tuple[str, str], np.ndarray], vary: dict) -> np.ndarray:
    """The pictures of a batch in the order of what varies, with their names below."""
    (_, signers), (_, yaws) = vary.items()
    cells = [written(blank(MARGIN, CELL + 24), 12, CELL / 2 - 12, name, 15, ACCENT)]
    for signer in signers:
        for yaw in yaws:
            key = (signer if isinstance(signer, str) else f"seed:{signer}", f"yaw {yaw}" if yaw else "")
            label = written(blank(CELL, 24), CELL / 2, 4, f"{key[0]}, {key[1] or 'front'}", 12, QUIET, "ma")
            cells.append(below(fitted(pictures[key], CELL, CELL), label))
    return beside(*cells, gap=4)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", default="My friend likes coffee.")
    parser.add_argument("--rows", type=int, default=len(ROWS), help="only the first so many")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "demo" / "batch_data.jpg")
    options = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory(prefix="signgen-demo-") as place:
        for number, (name, renderer, vary) in enumerate(ROWS[: options.rows]):
            pictures = samples_of(options.text, renderer, vary, Path(place) / str(number))
            rows.append(row_of(name, pictures, vary))
    width = rows[0].shape[1]
    title = f"“{options.text}”  {len(rows) * 6} samples: bodies, views, renderers"
    save_picture(below(written(blank(width, 44), 14, 12, title, 18, INK), *rows, gap=4), options.output)
    print(options.output)


if __name__ == "__main__":
    main()
