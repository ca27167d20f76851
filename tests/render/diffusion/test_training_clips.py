"""What is learned from: how videos and poses are found, moved to the frames of the training, kept, and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from training_clips import save_source, small

from signgen.config import load_yaml
from signgen.data.npz import read_npz, write_npz
from signgen.data.poses import write_poses
from signgen.data.sidecar import Sidecar, write_sidecar
from signgen.data.video import write_video
from signgen.errors import ConfigError, DataError
from signgen.render.diffusion.training.footage import Studio, frames_of, look_at, open_footage, size_of
from signgen.render.diffusion.training.pairs import pairs_in, prompt_of
from signgen.render.diffusion.training.settings import WindowData, prepare_controlnet, prepare_posenet
from signgen.render.draw import draw
from signgen.workflow.training_pairs import pairs_of


class Means:
    """Stands in for the networks: a latent is the mean colour of 8 x 8 pixels, an embedding that of the frame."""

    cell, channels, embedded, id = 8, 3, 3, "means"

    def __init__(self):
        self.seen = 0

    def latents(self, frames):
        self.seen += len(frames)
        count, high, wide, _ = frames.shape
        return frames.reshape(count, high // 8, 8, wide // 8, 8, 3).mean((2, 4)).transpose(0, 3, 1, 2) / 255

    def embedding(self, frame):
        return frame.mean((0, 1)) / 255

    def leave(self):
        pass


def opened(pairs, cache, encoder=None, **data):
    encoder, settings = encoder or Means(), WindowData(**{"held_out": 0, "pictures": 3, **data})
    raws = look_at(pairs, 1)
    studio = Studio(encoder, settings, cache, size_of(raws, settings, 8), lambda line: None)
    return open_footage(raws, studio)


def test_clips_are_encoded_once(tmp_path):
    pairs = pairs_in(save_source(tmp_path / "made", clips=3))
    encoder = Means()
    first = opened(pairs, tmp_path / "cache", encoder, held_out=1)
    assert [clip.name for clip in first.train] == ["clip0", "clip1"]
    assert [len(clip) for clip in (*first.train, *first.held_out)] == [8, 9, 10]
    assert (encoder.seen, first.width, first.height, first.cell) == (27, 32, 32, 8)
    again = opened(pairs, tmp_path / "cache", encoder, held_out=1)
    assert encoder.seen == 27
    assert again.id == first.id
    clip = again.held_out[0]
    assert clip.pictures == (0, 4, 9)
    frames = frames_of(clip, range(10), 32, 32)
    np.testing.assert_allclose(clip.latents, Means().latents(frames), atol=1e-3)
    np.testing.assert_allclose(clip.embeddings[1], frames[4].mean((0, 1)) / 255, atol=1e-3)
    # A file that was cut is made anew.
    path = next((tmp_path / "cache").iterdir())
    path.write_bytes(path.read_bytes()[:-2])
    opened(pairs, tmp_path / "cache", encoder, held_out=1)
    assert encoder.seen > 27


def test_poses_follow_the_frames_that_are_cut_from_the_middle(tmp_path):
    folder = tmp_path / "wide"
    folder.mkdir()
    poses = small(3, 64, 32)
    write_poses(poses, folder / "a.npz")  # beside the video, as extracting writes them
    write_video(draw(poses), folder / "a.mp4", poses.fps)
    clip = opened(pairs_in(folder), tmp_path / "cache", width=16, height=16).train[0]
    # The middle 32 x 32 of 64 x 32 pixels, halved.
    np.testing.assert_allclose(clip.keypoints[..., 0], (poses.keypoints[..., 0] - 16) / 2, atol=1e-5)
    np.testing.assert_allclose(clip.keypoints[..., 1], poses.keypoints[..., 1] / 2, atol=1e-5)
    assert clip.latents.shape == (3, 3, 2, 2)
    # Frames of a size that is not asked for are averaged.
    whole = np.stack(list(clip.video.frames()))[:, :, 16:48].astype(float)
    halved = whole.reshape(3, 16, 2, 16, 2, 3).mean((2, 4))
    np.testing.assert_allclose(frames_of(clip, range(3), 16, 16), halved, atol=1)


def test_part_of_a_video_named_by_a_manifest(tmp_path):
    source = save_source(tmp_path / "made", clips=1, frames=24)
    whole, part = "poses/clip0.npz", "poses/part.npz"
    write_npz(read_npz(source / whole)[6:18], source / part)
    lines = [
        {"video_id": name, "video": "videos/clip0.mp4", "poses": poses, "start": 0.25, "end": 0.75}
        for name, poses in (("cut", whole), ("ready", part))
    ]
    manifest = source / "m.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    cut, ready = opened(pairs_of([manifest]), tmp_path / "cache").train
    assert cut.span == ready.span == (6, 18)
    np.testing.assert_array_equal(cut.keypoints, read_npz(source / part).keypoints)
    np.testing.assert_array_equal(cut.latents, ready.latents)
    np.testing.assert_array_equal(frames_of(cut, [1], 32, 32)[0], list(cut.video.frames())[7])


def test_poses_of_a_built_data_set(tmp_path):
    source = save_source(tmp_path / "made", clips=1)
    manifest = tmp_path / "m.jsonl"
    manifest.write_text('{"video_id": "a", "video": "made/videos/clip0.mp4"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"m.jsonl: a: no poses \(data.poses names no built data set\)"):
        pairs_of([manifest])
    with pytest.raises(DataError, match=r"a/poses.npz is missing\); build them"):
        pairs_of([manifest], tmp_path / "built")
    poses = tmp_path / "built" / "videos" / "a" / "poses.npz"
    poses.parent.mkdir(parents=True)
    write_npz(read_npz(source / "poses/clip0.npz"), poses)
    assert pairs_of([manifest], tmp_path / "built")[0].poses == poses


def test_a_source_says_what_its_frames_show(tmp_path):
    assert prompt_of(tmp_path) is None
    (tmp_path / "prompt.txt").write_text(" a woman in  red\n", encoding="utf-8")
    assert prompt_of(tmp_path) == prompt_of(tmp_path / "m.jsonl") == "a woman in red"


def no_poses(folder):
    (folder / "poses/clip1.npz").unlink()


def other_poses(folder):
    write_npz(small(5), folder / "poses/clip1.npz")


def other_rate(folder):
    poses = read_npz(folder / "poses/clip1.npz")
    write_npz(poses.replace(fps=12), folder / "poses/clip1.npz")


def cut_video(folder):
    path = folder / "videos/clip1.mp4"
    path.write_bytes(path.read_bytes()[:300])


def no_videos(folder):
    for path in (folder / "videos").iterdir():
        path.unlink()


def another_size(folder):
    save_source(folder, clips=1, width=48)


def odd_size(folder):
    save_source(folder, clips=2, width=36)


def zoomed_video(folder):
    config = {"renderer": {"name": "avatar", "framing": "head"}}
    write_sidecar(folder / "videos/clip1.json", Sidecar("generate", config))


def broken_sidecar(folder):
    (folder / "videos/clip1.json").write_text("{}", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (zoomed_video, "clip1.mp4: made with renderer.framing=head, .* with --set renderer.framing=canvas"),
        (broken_sidecar, "clip1.json: not a sidecar of signgen"),
        (no_poses, "clip1.mp4: no poses .*clip1.npz; make them with `signgen pose`"),
        (other_poses, "clip1.npz: 5 poses at 24 fps, but 9 frames at 24 fps in clip1.mp4; make both"),
        (other_rate, "clip1.npz: 9 poses at 12 fps, but 9 frames at 24 fps"),
        (cut_video, "clip1.mp4: "),
        (no_videos, "videos: no videos; make them with `signgen generate"),
        (another_size, "data.width: videos are of 32x32, 48x32 px; set data.width and data.height"),
        (odd_size, "36x32 px; sides must be multiples of 8: set data.width=32 and data.height=32"),
    ],
)
def test_bad_clips_are_refused_in_one_line(tmp_path, spoil, message):
    folder = save_source(tmp_path / "made")
    spoil(folder)
    with pytest.raises(DataError, match=message) as refused:
        opened(pairs_in(folder), tmp_path / "cache")
    assert "\n" not in str(refused.value)


def test_clips_that_are_all_held_out_are_too_few(tmp_path):
    with pytest.raises(
        DataError, match=r"2 clips that are long enough, and data.held_out=2 are not learned from"
    ):
        opened(pairs_in(save_source(tmp_path / "made")), tmp_path / "cache", held_out=2)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder; give a folder of videos with poses"):
        pairs_of([tmp_path / "nowhere"])


@pytest.mark.parametrize("prepare", [prepare_controlnet, prepare_posenet])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": {"rat": 1}}, "train.rat: unknown setting.*rate"),
        ({"focus": {"hands": 0.5}}, "focus.hands"),
        ({"data": 3}, "data: expected settings by name"),
        ({"sed": 1}, "sed: unknown setting.*seed"),
        ({"seed": -1}, "seed: expected a whole number"),
    ],
)
def test_settings_are_checked(prepare, values, message):
    with pytest.raises(ConfigError, match=message):
        prepare(values)


def test_shares_of_all_parts_leave_something_for_the_rest():
    with pytest.raises(ConfigError):
        prepare_controlnet({"focus": {"face": 0.2}})


@pytest.mark.parametrize("kind", ["controlnet", "posenet"])
def test_shipped_settings_are_valid(kind):
    path = Path(__file__).parents[3] / "configs" / "diffusion" / f"{kind}.yaml"
    prepare = prepare_controlnet if kind == "controlnet" else prepare_posenet
    run = prepare(load_yaml(path))
    assert run.train.precision == "bf16"
