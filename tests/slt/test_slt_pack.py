"""Packs: judges in half precision that share what they have in common, and are believed only as a whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.torch import load_file
from toy_signing import make_clips, write_corpus

from signgen.errors import CheckpointError, ConfigError
from signgen.judge.backtranslation import load_judge
from signgen.judge.card import judge_card
from signgen.slt.pack import PACK, members, pack
from signgen.slt.settings import prepare
from signgen.slt.train import train
from signgen.workflow.judges import judge_folders


def trained(corpus, folder, seed=0, frontend="temporal"):
    settings = prepare(
        {
            "data": {"sources": {"real": corpus}},
            "tokens": {"kind": "words"},
            "model": {"preset": frontend, "width": 16, "inner": 16, "heads": 2, "decoder_layers": 1},
            "train": {"steps": 2, "batch": 4, "validate_every": 2},
            "seed": seed,
        }
    )
    train(settings, folder, device="cpu")
    return folder


@pytest.fixture(scope="module")
def runs(small_corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [
        trained(small_corpus, folder / "temporal-0"),
        trained(small_corpus, folder / "recurrent-1", 1, "recurrent"),
    ]


@pytest.fixture
def packed(runs, tmp_path):
    return pack(runs, tmp_path / "judges")


def test_members_judge_as_before_but_for_half_precision(runs, packed):
    assert [folder.name for folder in judge_folders(str(packed))] == ["recurrent-1", "temporal-0"]
    clips = make_clips(4, 9)
    poses, texts = [clip.poses for clip in clips], [str(clip.info["text"]) for clip in clips]
    for run, member in zip(sorted(runs), members(packed), strict=True):
        before, after = load_judge(run, device="cpu"), load_judge(member, device="cpu")
        assert after.log_likelihood(poses, texts).value == pytest.approx(
            before.log_likelihood(poses, texts).value, abs=2e-3
        )
        ours, theirs = judge_card(member), judge_card(run)
        assert (ours.name, ours.trained_on) == (member.name, theirs.trained_on)
        assert replace(ours.facts, settings={}) == replace(theirs.facts, settings={})
        assert ours.id != theirs.id


def test_a_pack_has_halves_and_no_word_of_where_it_was_trained(runs, packed, small_corpus):
    kinds = {str(tensor.dtype) for tensor in load_file(packed / "temporal-0" / "model.safetensors").values()}
    assert kinds == {"torch.float16", "torch.int64"}
    assert sorted(path.name for path in (packed / "temporal-0").iterdir()) == [
        "card.json",
        "model.safetensors",
    ]
    everything = b"".join(path.read_bytes() for path in packed.rglob("*") if path.is_file())
    assert str(small_corpus).encode() not in everything
    assert str(runs[0].parent).encode() not in everything


@pytest.mark.parametrize("name", ["text.txt", "gloss.txt", "trained_on.json", "temporal-0/model.safetensors"])
def test_a_changed_file_is_refused(packed, name):
    content = bytearray((packed / name).read_bytes())
    content[-2] ^= 1
    (packed / name).write_bytes(content)
    with pytest.raises(CheckpointError, match="not the file that was packed"):
        load_judge(packed / "temporal-0", device="cpu")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"version": 2}, "not a pack of judges that this version"),
        ({"members": {}}, "lists no members"),
        ({"members": {"../temporal-0": "0" * 64}}, "files that a pack cannot have"),
        ({"members": {"..": "0" * 64}}, "files that a pack cannot have"),
        ({"shared": {"/etc/hostname": "0" * 64}}, "files that a pack cannot have"),
        ({"members": {"another": "0" * 64}}, "knows no member 'temporal-0'"),
    ],
)
def test_a_wrong_list_is_refused(packed, change, complaint):
    listed = json.loads((packed / PACK).read_text())
    (packed / PACK).write_text(json.dumps({**listed, **change}))
    with pytest.raises(CheckpointError, match=complaint):
        load_judge(packed / "temporal-0", device="cpu")


def test_what_does_not_belong_together_is_not_packed(runs, tmp_path):
    with pytest.raises(ConfigError, match="different names"):
        pack([runs[0], runs[0]], tmp_path / "twice")
    with pytest.raises(ConfigError, match="different names"):
        pack([], tmp_path / "none")
    other = trained(write_corpus(tmp_path / "corpus", 20, 4, seed=3), tmp_path / "temporal-2")
    with pytest.raises(CheckpointError, match="same clips and units"):
        pack([runs[0], other], tmp_path / "mixed")
    assert not (tmp_path / "mixed").exists()


def test_recurrent_reads_a_clip_alike_alone_and_padded(runs):
    judge = load_judge(runs[1], device="cpu")
    clips = make_clips(3, 5)
    poses, texts = [clip.poses for clip in clips], [str(clip.info["text"]) for clip in clips]
    poses[1] = replace(poses[1], keypoints=poses[1].keypoints[:9])
    together = judge.translator.log_likelihood(poses, texts)
    alone = np.concatenate(
        [judge.translator.log_likelihood([p], [t]) for p, t in zip(poses, texts, strict=True)]
    )
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_a_member_moved_out_of_its_pack_is_not_whole(packed, tmp_path):
    shutil.copytree(packed / "temporal-0", tmp_path / "alone" / "temporal-0")
    with pytest.raises(CheckpointError, match=r"not whole|no list of training clips"):
        load_judge(tmp_path / "alone" / "temporal-0", device="cpu")
