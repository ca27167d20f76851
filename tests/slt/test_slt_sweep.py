"""The way of searching that does best on the dev set: found as single searches find it, kept, used, and refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import torch

from signgen.cli.main import main
from signgen.data.columnar import Columnar
from signgen.data.shard_files import shards_in
from signgen.data.strict_json import parse_json_object
from signgen.errors import CheckpointError, ConfigError
from signgen.judge.backtranslation import load_judge
from signgen.nn.training_state import FILE
from signgen.slt.batches import frame_mask
from signgen.slt.card import load_weights, save_weights
from signgen.slt.decoder import Decoder
from signgen.slt.dev_scores import corpus_bleu
from signgen.slt.pack import pack
from signgen.slt.schedules import schedule_named
from signgen.slt.search import beam_search, beam_search_penalties
from signgen.slt.settings import DecodeSettings, ModelSettings, prepare
from signgen.slt.sweep import sweep
from signgen.slt.train import train
from signgen.slt.translate import load_translator
from signgen.workflow.translate import DEFAULT_BEAM, How, translate_files


@pytest.fixture(scope="module")
def trained(small_corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "toy"
    settings = prepare(
        {
            "data": {"sources": {"real": small_corpus}},
            "tokens": {"kind": "words"},
            "model": {"width": 16, "inner": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1},
            "train": {"steps": 30, "batch": 4, "validate_every": 30, "rate": 1e-2, "warmup": 1},
            "decode": {"longest": 8},
        }
    )
    train(settings, folder, schedule_named("all", {}), device="cpu", report=lambda line: None)
    return folder


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "toy")


@pytest.fixture(scope="module")
def dev(small_corpus):
    with Columnar(shards_in(small_corpus / "dev")[0]) as shard:
        return (
            [shard.read(i) for i in range(len(shard.clips))],
            [str(clip.info["text"]) for clip in shard.clips],
        )


@pytest.mark.parametrize("beam", [2, 5])
def test_one_search_finds_what_a_search_for_each_penalty_finds(beam):
    torch.manual_seed(5)
    decoder = Decoder(ModelSettings(width=16, heads=2, inner=32, decoder_layers=2), 9).eval()
    for weights in (decoder.embedding.weight, decoder.output.weight):
        torch.nn.init.normal_(weights, std=0.2)
    memory, mask = torch.randn(6, 6, 16), frame_mask(torch.tensor([6, 3, 5, 6, 2, 4]), 6)
    decode, alphas = DecodeSettings(beam=beam, longest=12), (0.0, 1.0, 2.5, 5.0)
    together = beam_search_penalties(decoder, decoder.begin(memory, mask), decode, alphas)
    assert len({tuple(text.tokens for text in column) for column in zip(*together, strict=True)}) > 1
    for place, alpha in enumerate(alphas):
        alone = beam_search(decoder, decoder.begin(memory, mask), replace(decode, alpha=alpha))
        assert [texts[place].tokens for texts in together] == [text.tokens for text in alone]


def test_each_way_scores_what_translating_so_scores(run, dev):
    poses, references = dev
    tried = sweep(run, beams=(3, 1), alphas=(2.0, 0.0), device="cpu")
    assert {(one.decode.beam, one.decode.alpha) for one in tried} == {(1, 1.0), (3, 0.0), (3, 2.0)}
    translator = load_translator(run, "cpu")
    for one in tried:
        texts = [found.text for found in translator.translate(poses, one.decode)]
        assert one.bleu == pytest.approx(corpus_bleu(texts, references, "13a")[0], abs=1e-4)
    scores = [one.bleu for one in tried]
    assert scores == sorted(scores, reverse=True)


def test_the_best_is_kept_and_used_unless_told_otherwise(run, dev):
    before = load_weights(run / "best")
    assert before[1].swept is None
    assert load_judge(run, device="cpu").decode == "beam3-alpha1"
    sweep(run, beams=(4,), alphas=(2.5,), device="cpu")
    weights, card = load_weights(run / "best")
    assert card.swept == DecodeSettings(beam=4, alpha=2.5, longest=8)
    assert replace(card, decode={}) == before[1]
    assert all(torch.equal(weights[name], before[0][name]) for name in before[0])
    assert parse_json_object((run / "best" / "card.json").read_bytes(), "card")["decode"]["beam"] == 4
    assert load_judge(run, device="cpu").decode == "beam4-alpha2.5"
    assert load_judge(run, beam=2, device="cpu").decode == "beam2-alpha1"
    translator = load_translator(run, "cpu")
    assert translator.translate(dev[0]) == translator.translate(dev[0], card.swept)


def test_a_card_without_a_sweep_says_nothing_of_it(run):
    values = parse_json_object((run / "best" / "card.json").read_bytes(), "card")
    assert "decode" not in values


def test_a_training_that_was_swept_goes_on(run, small_corpus):
    """The card belongs to the weights, and nothing that a training is known by."""
    before = (run / FILE).read_bytes()
    sweep(run, beams=(1,), device="cpu")
    settings = load_translator(run, "cpu").settings
    assert train(settings, run, schedule_named("all", {}), device="cpu").steps == 30
    assert (run / FILE).read_bytes() == before


@pytest.mark.parametrize("decode", [{"beam": 0}, {"beam": 2, "width": 3}, ["beam"], "wide"])
def test_a_card_with_an_impossible_way_is_refused(run, decode):
    weights, card = load_weights(run / "best")
    save_weights(run / "best", weights, replace(card, decode=decode))
    with pytest.raises(CheckpointError, match="way of searching that cannot be used"):
        load_translator(run, "cpu")


def test_members_of_packs_are_not_swept(run, tmp_path):
    packed = pack([run], tmp_path / "packed")
    with pytest.raises(ConfigError, match="sweep before packing"):
        sweep(packed / "toy", device="cpu")


def test_a_pack_keeps_the_way(run, tmp_path):
    sweep(run, beams=(2,), alphas=(0.5,), device="cpu")
    packed = pack([run], tmp_path / "packed")
    assert load_judge(packed / "toy", device="cpu").decode == "beam2-alpha0.5"


def test_from_the_command_line(run, small_corpus, capsys):
    assert (
        main(["train", "sweep", str(run), "--data", str(small_corpus), "--device", "cpu", "-q", "--json"])
        == 0
    )
    rows = json.loads(capsys.readouterr().out)
    # Greedy, and 9 beams with 11 penalties.
    assert len(rows) == 1 + 9 * 11
    assert main(["train", "sweep", str(run), "--device", "cpu"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown[1:11]] == [str(beam) for beam in range(1, 11)]
    swept = load_weights(run / "best")[1].swept
    assert swept is not None
    assert (swept.beam, swept.alpha) == (rows[0]["beam"], rows[0]["alpha"])


def test_files_are_translated_as_swept_unless_told_otherwise(run, small_corpus):
    poses = small_corpus / "dev"
    assert _texts(poses, run) == _texts(poses, run, beam=DEFAULT_BEAM)
    sweep(run, beams=(1,), device="cpu")
    assert _texts(poses, run) == _texts(poses, run, beam=1)
    assert _texts(poses, run, n_best=2)[0]["n_best"] == _texts(poses, run, beam=2, n_best=2)[0]["n_best"]


def _texts(poses, run, **how):
    return translate_files(poses, str(run), how=How(device="cpu", **how))
