"""Made-up SignVerse files, written with NumPy itself, as its card and its public extraction code do."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np

PARTS = {
    "body": slice(0, 18),
    "left_hand": slice(18, 39),
    "right_hand": slice(39, 60),
    "face": slice(60, 128),
}


def points(frames: int, people: int = 1, seed: int = 0, dtype: str = "f4") -> np.ndarray:
    """(P, T, 128, 3) of pixels with every keypoint there."""
    rng = np.random.default_rng(seed)
    out = rng.uniform(1, 500, (people, frames, 128, 3))
    out[..., 2] = rng.uniform(0.05, 1, out.shape[:-1])
    return out.astype(dtype)


def card_frames(stored: np.ndarray, present: np.ndarray | None = None, make=np.array) -> list[dict]:
    """Frames as the data card shows them; ``present`` (P, T) says who is in which frame."""
    people, frames = stored.shape[:2]
    here = np.ones((people, frames), bool) if present is None else present
    return [
        {
            "num_people": int(here[:, t].sum()),
            "frame_id": t,
            "width": 512,
            "height": 384,
            **{
                f"person_{p}": {name: make(stored[p, t, part]) for name, part in PARTS.items()}
                for p in range(people)
                if here[p, t]
            },
        }
        for t in range(frames)
    ]


def card_file(frames: list[dict], /, *, compressed: bool = False, **changes) -> bytes:
    """A poses.npz as the data card shows it."""
    arrays = {
        "video_id": "abc", "fps": 24.0, "num_frames": len(frames), "frame_ids": np.arange(len(frames)),
        "width": 512, "height": 384, "frames": frames,
    } | changes  # fmt: skip
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def payload_file(
    stored: np.ndarray, width: int = 640, height: int = 480, stride: int = 1, **changes
) -> bytes:
    """A poses.npz as the extraction code writes it: parts of the frame, and hands in a row of both sides.

    ``stored`` (P, T, 128, 3) holds x and y in [0, 1] and scores; body scores become keypoint numbers.
    """
    people, frames = stored.shape[:2]
    payloads = []
    for t in range(frames):
        hands = np.concatenate([stored[:, t, 18:39], stored[:, t, 39:60]])
        payload = {
            "num_persons": np.asarray(people, np.int32),
            "frame_width": np.asarray(width, np.int32),
            "frame_height": np.asarray(height, np.int32),
        }
        for p in range(people):
            body, face = stored[p, t, :18], stored[p, t, 60:]
            numbers = np.where(body[:, 2] > 0.3, 18 * p + np.arange(18), -1).astype(np.float32)
            left, right = hands[2 * p], hands[2 * p + 1]
            for name, part, scores in (
                ("body", body, numbers),
                ("face", face, face[:, 2]),
                ("left_hand", left, left[:, 2]),
                ("right_hand", right, right[:, 2]),
            ):
                payload[f"person_{p:03d}_{name}_keypoints"] = part[:, :2].astype(np.float32)
                payload[f"person_{p:03d}_{name}_scores"] = scores.astype(np.float32)
        payloads.append(payload)
    arrays = {
        "video_id": np.asarray("abc"),
        "fps": np.asarray(24, np.int32),
        "total_frames": np.asarray(frames * stride, np.int32),
        "frame_widths": np.full(frames, width, np.int32),
        "frame_heights": np.full(frames, height, np.int32),
        "frame_indices": np.arange(1, frames * stride + 1, stride, dtype=np.int32),
        "frame_payloads": np.asarray(payloads, dtype=object),
    } | changes
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def with_pickle(pickled: bytes, frames: int = 1, name: str = "frames") -> bytes:
    """A poses.npz whose frames are the given pickle."""
    head = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": (frames,)}
    np.lib.format.write_array_header_1_0(head, header)
    return replace_member(card_file(card_frames(points(frames))), f"{name}.npy", head.getvalue() + pickled)


def replace_member(data: bytes, name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info.filename, old.read(info))
        new.writestr(name, content)
    return buffer.getvalue()


def object_npy(frames: list[dict], protocol: int) -> tuple[bytes, int]:
    """The ``.npy`` file of an object array of frames, pickled with any protocol, and where the pickle starts."""
    array = np.empty(len(frames), object)
    array[:] = frames
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|O", "fortran_order": False, "shape": (len(frames),)}
    )
    return head.getvalue() + pickle.dumps(array, protocol), len(head.getvalue())


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """The same file with a few bytes changed, cut, doubled or moved."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        kind, at = int(rng.integers(5)), int(rng.integers(len(out))) if out else 0
        if kind == 0 and out:
            out[at] ^= 1 << int(rng.integers(8))
        elif kind == 1 and out:
            out[at] = int(rng.integers(256))
        elif kind == 2:
            del out[at:]
        elif kind == 3:
            out[at:at] = rng.bytes(int(rng.integers(1, 9)))
        else:
            del out[at : at + int(rng.integers(1, 64))]
    return bytes(out)
