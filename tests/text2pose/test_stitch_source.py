"""The `stitch` source on the real fingerspelling lexicons, and what it tells about its work."""

from __future__ import annotations

import string
from itertools import pairwise, permutations

import numpy as np
import pytest

from signgen.errors import ConfigError, LexiconError
from signgen.pose.layout import LEFT_WRIST, RIGHT_WRIST
from signgen.pose.motion import resample
from signgen.text2pose.base import sources, utter
from signgen.text2pose.stitch import Stitch
from signgen.text2pose.stitching.clip import Clip, make_clip
from signgen.text2pose.stitching.seams import within_sign_limits
from signgen.text2pose.stitching.sentence import Sign, stitch

pytest.importorskip("spoken_to_signed", reason="the fingerspelling lexicons are not installed")


@pytest.fixture(scope="module")
def source() -> Stitch:
    return Stitch(lexicon="fingerspelling:ase")


@pytest.fixture(scope="module")
def letters(source: Stitch) -> dict[str, Clip]:
    entries = {entry.words[0].upper(): entry for entry in source.opened.entries}
    return {letter: source.prepared(entries[letter]) for letter in string.ascii_uppercase}


def test_all_letter_pairs_keep_their_fingers_and_move_no_more_jerkily_than_signs(
    letters: dict[str, Clip],
) -> None:
    limit = within_sign_limits(list(letters.values()))[2]
    for a, b in permutations(letters, 2):
        signs = [Sign((letters[x],), is_letter=True, is_edge=True) for x in (a, b)]
        seam = stitch(signs).report["seams"][0]
        assert seam["finger_bone_ratio"] == pytest.approx(1.0, abs=0.01), a + b
        assert seam["jerk"] <= limit, a + b


@pytest.mark.parametrize("word", ["HELLO", "WORLD", "JUMP", "QUICK"])
def test_the_rate_of_the_recordings_does_not_change_the_length_of_the_sentence(
    source: Stitch, word: str
) -> None:
    entries = {entry.words[0].upper(): entry for entry in source.opened.entries}
    poses = [source.opened.load(entries[letter]) for letter in word]
    lengths = []
    for fps in (24.0, 25.0, 30.0, 50.0):
        for which in ({1}, set(range(len(word)))):
            clips = [make_clip(resample(p, fps) if i in which else p, 24.0) for i, p in enumerate(poses)]
            lengths.append(len(stitch([Sign((clip,), is_letter=True) for clip in clips]).clip))
    assert max(lengths) - min(lengths) <= 1


def test_the_account_is_complete(source: Stitch) -> None:
    utterance = source.explain("Hello, my name is Ada.")
    assert utterance.mode == "english-asl"
    assert [report.text for report in utterance.coverage] == ["Hello", ",", "my", "name", "is", "Ada", "."]
    origins = utterance.origins
    assert origins[0].start == 0
    assert origins[-1].end == len(utterance.poses)
    assert all(a.end == b.start for a, b in pairwise(origins))
    signs = [origin for origin in origins if origin.operation == "sign"]
    assert [cue.text for cue in utterance.tiers["gloss"]] == list("HELLOMYNAMEADA")
    assert len(signs) == 14
    assert all(
        origin.entry and origin.licence and origin.source_end > origin.source_start for origin in signs
    )
    assert [cue.text for cue in utterance.tiers["word"]] == ["Hello", "my", "name", "Ada"]
    for cue, origin in zip(utterance.tiers["gloss"], signs, strict=True):
        assert cue.start == pytest.approx(origin.start / 24)
        assert cue.end == pytest.approx(origin.end / 24)


def test_captions_come_sentence_by_sentence(source: Stitch) -> None:
    utterance = source.explain("Hello Ada. How are you?  Fine, thanks!")
    cues = utterance.tiers["text"]
    assert [cue.text for cue in cues] == ["Hello Ada.", "How are you?", "Fine, thanks!"]
    assert cues[0].start == 0
    assert cues[-1].end == pytest.approx(utterance.poses.seconds)
    assert all(a.end == b.start for a, b in pairwise(cues))
    how = next(cue for cue in utterance.tiers["word"] if cue.text == "you")
    assert cues[1].start <= how.start
    assert how.end <= cues[1].end


def test_the_same_call_gives_the_same_poses(source: Stitch) -> None:
    first, second = source("hello", seed=3), Stitch(lexicon="fingerspelling:ase")("hello", seed=3)
    np.testing.assert_array_equal(first.keypoints, second.keypoints)


def test_a_left_handed_signer_is_the_mirror_image(source: Stitch) -> None:
    right, left = source("yes"), Stitch(lexicon="fingerspelling:ase", handed="left")("yes")
    np.testing.assert_allclose(left.xy[:, LEFT_WRIST, 0], 511 - right.xy[:, RIGHT_WRIST, 0], atol=1e-3)


def test_depth_is_kept_where_the_recordings_have_it(source: Stitch) -> None:
    poses = source("depth")
    assert poses.depth is not None
    assert np.abs(poses.depth).max() < 3 * 0.32 * 512


def test_canvas_and_rate_are_the_settings(source: Stitch) -> None:
    poses = Stitch(lexicon="fingerspelling:ase", width=640, height=360, fps=30.0)("ok")
    assert (poses.width, poses.height, poses.fps) == (640, 360, 30.0)
    shoulders = np.linalg.norm(poses.xy[:, 2] - poses.xy[:, 5], axis=1)
    assert np.median(shoulders) == pytest.approx(0.30 * 360, rel=0.02)
    assert abs(poses.seconds - source("ok").seconds) < 0.3


def test_double_letters_slide_outwards(source: Stitch) -> None:
    utterance = source.explain("ll")
    first, second = (origin for origin in utterance.origins if origin.operation == "sign")
    x = utterance.poses.xy[:, RIGHT_WRIST, 0]
    moved = x[second.start + 1] - x[first.end - 1]
    assert moved < -0.05 * 0.32 * 512


@pytest.mark.parametrize("text", ["", "   ", "🙂", "...", "\n"])
def test_nothing_to_sign_is_one_clear_error(source: Stitch, text: str) -> None:
    with pytest.raises(LexiconError):
        source(text)


def test_missing_words_can_be_fatal() -> None:
    with pytest.raises(LexiconError) as caught:
        Stitch(lexicon="fingerspelling:ase", oov="fail", rules="none")("hello world")
    assert set(caught.value.missing) == {"hello", "world"}


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"name": "stitch", "sped": 2}, "speed"),
        ({"name": "stitch", "speed": 99}, "less than or equal to 4"),
        ({"name": "stitch", "handed": "both"}, "handed"),
        ({"name": "stich"}, "stitch"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        sources.build(settings)


@pytest.mark.parametrize("iso", ["gsg", "fsl", "csq", "ukl", "jos"])
def test_other_alphabets_can_be_stitched(iso: str) -> None:
    source = Stitch(lexicon=f"fingerspelling:{iso}", rules="none")
    word = "".join(entry.words[0] for entry in source.opened.entries[:6])
    utterance = utter(source, word)
    assert np.isfinite(utterance.poses.keypoints).all()
    assert len(utterance.tiers["gloss"]) >= 3
