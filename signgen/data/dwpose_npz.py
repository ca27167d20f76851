"""A folder of DWPose's per-frame ``.npz`` or ``.json``: ``num_persons`` and ``person_0``, ``person_1``, ...

Each person is a dict of ``body_keypoints``, ``body_scores`` and so on with coordinates in [0, 1]; in a ``.npz`` it
is a pickled object, read through the whitelist unpickler. Rate and canvas are not in the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.frame_folder import frame_files, read_frame
from signgen.data.npz_file import open_npz
from signgen.data.people import primary_first, tracks
from signgen.data.strict_json import parse_json_object, to_json
from signgen.data.unpickle import load_object_array
from signgen.errors import DataError, PoseError
from signgen.pose.convert import dwpose
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence

SUFFIXES = (".npz", ".json")
MAX_PEOPLE = 256


def read_dwpose(folder: Path, fps: float, width: int, height: int) -> list[PoseSequence]:
    """The people of a folder, the most prominent first; absent frames and people are missing keypoints.

    Raises:
        DataError: no such files, or a damaged or unsafe one.
    """
    files = frame_files(folder, SUFFIXES)
    frames = [
        np.zeros((0, NUM_KEYPOINTS, 3)) if path is None else read_people(path, width, height)
        for path in files
    ]
    return primary_first([PoseSequence(keypoints, fps, width, height) for keypoints in tracks(frames)])


def read_people(path: Path, width: int, height: int) -> np.ndarray:
    """(P, 128, 3) keypoints in pixels of the people of one frame file.

    Raises:
        DataError: damaged, unsafe, or of another shape.
    """
    content = _content(path)
    count = content.get("num_persons")
    if not isinstance(count, int) or not 0 <= count <= MAX_PEOPLE:
        raise DataError(f"{path}: expected 'num_persons' from 0 to {MAX_PEOPLE}")
    people = [content.get(f"person_{i}") for i in range(count)]
    if not all(isinstance(person, dict) for person in people):
        raise DataError(f"{path}: expected an object 'person_<i>' for each of {count} people")
    try:
        return dwpose.to_dwpose(people, width, height)  # Each person as a frame of its own.
    except PoseError as error:
        raise DataError(f"{path}: {error}") from None


def write_dwpose(people: Sequence[PoseSequence], folder: Path) -> None:
    """Write one ``00000001.json`` and so on per frame (no pickles); people missing altogether are left out.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    dicts = [dwpose.from_dwpose(poses.keypoints, poses.width, poses.height) for poses in people]
    for number in range(len(people[0]) if people else 0):
        present = [
            frames[number]
            for poses, frames in zip(people, dicts, strict=True)
            if poses.confidence[number].any()
        ]
        content: dict[str, Any] = {f"person_{i}": person for i, person in enumerate(present)}
        write_text(
            folder / f"{number + 1:08d}.json", to_json({"num_persons": len(present), **content}) + "\n"
        )


def _content(path: Path) -> dict[str, Any]:
    data = read_frame(path)
    if path.suffix == ".json":
        return parse_json_object(data, str(path))
    npz = open_npz(data, str(path))
    content: dict[str, Any] = {}
    for name in npz.members:
        try:
            value = load_object_array(bytes(npz.content(name)))
        except DataError as error:
            raise DataError(f"{path}: {name}: {error}") from None
        content[name] = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    return content
