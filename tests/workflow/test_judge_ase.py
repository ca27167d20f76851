"""The built-in judge for ASL: whole, small, honest about itself, and able to read what it has never seen."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from signgen.corpus.make import make_corpus
from signgen.corpus.settings import prepare
from signgen.data.checkpoints import built_in_folder
from signgen.errors import CheckpointError
from signgen.judge import controls
from signgen.judge.agreement import jury_of
from signgen.judge.card import check_stranger, disjointness, judge_card
from signgen.judge.text.scores import score_texts
from signgen.workflow.evaluation_inputs import read_clips
from signgen.workflow.judges import built_in_for, judge_folders, load_judges

LARGEST = 8_000_000
FOLDER = built_in_folder("ase")
# Neither that of the training nor that of the published scores.
SEED = 303


@pytest.fixture(scope="module")
def judges():
    torch.set_num_threads(1)
    return load_judges(["ase"], beam=1, device="cpu")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("held") / "corpus"
    make_corpus("english-asl", folder, prepare({"sentences": 24, "test": 0.5, "seed": SEED}))
    return read_clips(folder / "test")


def test_it_is_small_and_says_of_what_it_consists():
    sizes = [path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(sizes) < LARGEST
    cards = [judge_card(folder) for folder in judge_folders("ase")]
    assert jury_of([(card.facts.architecture, card.facts.seed) for card in cards]).stamp == ""
    assert len({card.id for card in cards}) == len(cards)


def test_its_cards_are_complete():
    for folder in judge_folders("ase"):
        card = judge_card(folder)
        facts = card.facts
        assert (facts.spoken_languages, facts.signed_languages) == (("en",), ("ase",))
        assert (facts.fps, facts.layout, facts.extractors) == (12.5, "dwpose-128", ("none (synthetic)",))
        assert facts.training_clips == len(card.trained_on.names) == 11_400
        assert card.trained_on.texts
        assert facts.step > 0
        assert facts.dev["bleu"] > 50
        # Folders of whoever trained it are nobody's business.
        assert dict(facts.settings["data"]["sources"]) == {"ase": "ase"}
        assert facts.settings["data"]["cache"] is None


def test_it_reads_sentences_of_another_seed_and_nothing_in_noise(judges, clips):
    poses = [clip.poses for clip in clips.values()]
    texts = [str(clip.info["text"]) for clip in clips.values()]
    shuffled = controls.shuffled(poses, np.random.default_rng(0))
    for judge in judges:
        check_stranger(disjointness(judge.card, list(clips), texts), judge.card)
        true, floor = (
            next(s.value for s in score_texts(judge.texts(read), texts, "en") if s.name == "BLEU-4")
            for read in (poses, shuffled)
        )
        assert true > 35
        assert floor < 10
        assert judge.log_likelihood(poses, texts).value > judge.log_likelihood(shuffled, texts).value + 0.3


@pytest.mark.parametrize("name", ["model.safetensors", "text.model", "gloss.txt", "trained_on.json"])
def test_a_damaged_copy_is_refused(tmp_path, name):
    copy = tmp_path / "ase"
    shutil.copytree(FOLDER, copy)
    member = judge_folders(str(copy))[0]
    path = next(place / name for place in (member, copy) if (place / name).is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        load_judges([str(copy)], device="cpu")


@pytest.mark.parametrize(
    ("infos", "language", "expected"),
    [
        ([{"spoken_language": "en", "signed_language": "ase"}] * 2, None, ("ase",)),
        ([{"signed_language": "ase"}], "en", ("ase",)),
        ([{"spoken_language": "en", "signed_language": "ase"}], "de", ()),
        ([{"spoken_language": "de", "signed_language": "gsg"}], None, ()),
        ([{"spoken_language": "en", "signed_language": "ase"}, {"spoken_language": "en"}], None, ()),
        ([{}], None, ()),
    ],
)
def test_it_is_the_default_for_english_and_asl_alone(infos, language, expected):
    assert built_in_for(infos, language) == expected
