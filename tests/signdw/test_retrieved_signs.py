"""Isolated signs to look at: they are found, laid beside the sentences, and what was never learned is copied."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_up_signer import signer
from toy_checkpoint import save_toy_checkpoint, toy_checkpoint
from toy_signdw import SETTINGS, WORDS
from toy_signdw_corpus import MODEL, make_corpus, make_tokenizer, run_of

from signgen.data.columnar import Clip, Columnar, write_columnar
from signgen.errors import ConfigError, DataError
from signgen.signdw.drawing.generate import generate
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import NO_SLOT, Batch, Condition
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, SPECIALS, UNKNOWN, Plan
from signgen.signdw.network.retrieved import LONGEST, clips_of, side_by_side
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.drafts import Draft, codes_of, with_drafts
from signgen.signdw.signing.streaming import stream_text
from signgen.signdw.signing.texts import sign_texts
from signgen.signdw.training.examples import collate
from signgen.signdw.training.fingerprint import material_id
from signgen.signdw.training.material import load_material
from signgen.text2pose.retrieval import Drafts
from signgen.text2pose.signdw import SignDWSource

SIZE = 8
RETRIEVING = {**MODEL, "is_retrieving": True}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return make_tokenizer(tmp_path_factory.mktemp("motion"))


@pytest.fixture(scope="module")
def signs(tmp_path_factory):
    """Isolated signs of some of the glosses of the corpus; the last is longer than is looked at."""
    folder = tmp_path_factory.mktemp("signs")
    clips = [
        Clip(gloss, signer(frames), {"gloss": gloss})
        for gloss, frames in (("DOGS", 20), ("EAT", 14), ("CATS", 90))
    ]
    write_columnar(clips, folder / "0.col")
    return folder


def test_clips_have_the_place_of_their_gloss():
    library = {"A": torch.ones(2, 3), "C": torch.zeros(1, 3)}
    plan = Plan(9, (LEAD_IN, 7, 8, 9, LEAD_OUT), (1, 2, 2, 2, 2))
    assert [place for place, _ in clips_of(library, ["A", "B", "C"], plan)] == [1, 3]
    # A sentence that begins with its first sign has no rest before it.
    assert [place for place, _ in clips_of(library, ["A", "B"], Plan(4, (7, 8), (2, 2)))] == [0]
    assert clips_of(library, ["A"], Plan(4)) == ()
    codes, slots = side_by_side([clips_of(library, ["A", "C"], plan), ()], 3)
    assert slots.tolist() == [[1, 1, 2], [NO_SLOT] * 3]
    assert codes.tolist() == [[[1] * 3, [1] * 3, [0] * 3], [[0] * 3] * 3]


def test_examples_come_with_the_signs_of_their_glosses(corpus, tokenizer, signs):
    run = run_of(corpus, tokenizer, data={"signs": str(signs)}, model=RETRIEVING)
    material = load_material(run)
    item = next(i for i in material.sources["toy"].items if len(i.retrieved) == 2)
    names = material.glosses.decode(item.plan.glosses)
    assert [names[place] for place, _ in item.retrieved] == ["DOGS", "EAT"]
    assert [len(codes) for _, codes in item.retrieved] == [5, 4]
    assert max(len(codes) for i in material.dev for _, codes in i.retrieved) == LONGEST
    condition = collate(material.sources["toy"].items).condition
    assert condition.slots.shape == condition.retrieved.shape[:2]
    bare = load_material(run_of(corpus, tokenizer))
    assert collate(bare.sources["toy"].items).condition.slots is None
    # A training does not go on with other signs.
    assert material_id(material) != material_id(bare)


def test_no_retrieval_without_signs(corpus, tokenizer, tmp_path):
    with pytest.raises(ConfigError, match="give --retrieval LEXICON"):
        load_material(run_of(corpus, tokenizer, model=RETRIEVING))
    write_columnar([Clip("x", signer(9), {})], tmp_path / "0.col")
    with pytest.raises(DataError, match="no clip names its gloss"):
        load_material(run_of(corpus, tokenizer, data={"signs": str(tmp_path)}, model=RETRIEVING))


def draft(*glosses: str) -> Draft:
    spans = tuple((gloss, 8 + 12 * i, 16 + 12 * i) for i, gloss in enumerate(glosses))
    return Draft(spans, 20 + 12 * len(glosses), tuple(signer(9 + i) for i in range(len(glosses))))


def test_a_draft_is_a_plan_with_signs():
    checkpoint = toy_checkpoint(is_retrieving=True)
    condition = checkpoint.encoding.condition(["The dogs eat."], [None])
    made = draft("DOG", "ZEBRA")
    given, (plan,) = with_drafts(checkpoint, condition, [made])
    assert plan.glosses == (LEAD_IN, len(SPECIALS), UNKNOWN, LEAD_OUT)
    assert plan.durations == (2, 3, 2, 4)
    # Nine and ten frames are three steps each.
    assert given.slots.tolist() == [[1, 1, 1, 2, 2, 2]]
    assert torch.equal(given.retrieved[0, 3:], codes_of(checkpoint, made.signs[1]))


def test_drafts_are_signed_sentence_by_sentence_and_streamed_alike():
    checkpoint = toy_checkpoint(is_retrieving=True)
    texts = ["The dogs eat. The cats sleep.", "The dogs eat."]
    made = sign_texts(checkpoint, texts, DrawSettings(), [1, 2], drafter=lambda text: draft("DOG", "ZEBRA"))
    assert [name for name, _, _ in made[0].glosses] == ["DOG", "ZEBRA"] * 2
    # 44 frames, a short way, 44 frames.
    assert len(made[0].poses) == 92

    pieces = list(
        stream_text(checkpoint, texts[0], DrawSettings(), 1, drafter=lambda text: draft("DOG", "ZEBRA"))
    )
    joined = np.concatenate([piece.keypoints for piece in pieces])
    assert np.abs(joined - made[0].poses.keypoints).max() < 1e-2


def test_the_source_retrieves_from_a_lexicon(tmp_path):
    folder = str(save_toy_checkpoint(tmp_path / "a", is_retrieving=True))
    source = SignDWSource(checkpoint=folder, retrieval="ase")
    made = source.explain("Mothers read.", seed=1)
    glosses = [gloss for gloss, _, _ in source.drafter("Mothers read.").timeline]
    assert [cue.text for cue in made.tiers["gloss"]] == glosses
    assert glosses
    plain = str(save_toy_checkpoint(tmp_path / "b"))
    with pytest.raises(ConfigError, match="trained without it"):
        SignDWSource(checkpoint=plain, retrieval="ase")("Mothers read.")


def test_a_lexicon_becomes_a_folder_of_signs(tmp_path):
    drafts = Drafts("ase")
    drafts.stitch.opened.entries = drafts.stitch.opened.entries[:6]
    with Columnar(drafts.write_signs(tmp_path / "signs" / "0.col")) as opened:
        assert [clip.info["gloss"] for clip in opened.clips][:2] == ["GOOD", "BAD"]
        assert all(3 < len(opened.read(number)) < 60 for number in range(len(opened)))


def spelled(rows: int, seed: int, gloss: int) -> tuple[Batch, Batch]:
    """Sentences of two glosses whose movement is anything at all: only their clips tell. Without and with clips."""
    rng = torch.Generator().manual_seed(seed)
    clips = torch.randint(SIZE, (rows, 2, 4, 1), generator=rng)
    rest = torch.zeros(rows, 1, 1, dtype=torch.long)
    codes = torch.cat([rest, clips[:, 0], clips[:, 1], rest], 1)
    glosses = torch.tensor([[LEAD_IN, gloss, gloss, LEAD_OUT]]).repeat(rows, 1)
    durations = torch.tensor([[1, 4, 4, 1]]).repeat(rows, 1)
    text = torch.full((rows, 1), 5)
    bare = Condition(text, text > 0, torch.ones(rows, dtype=torch.long), glosses, durations)
    slots = torch.tensor([[1] * 4 + [2] * 4]).repeat(rows, 1)
    mask = torch.ones(rows, 10, dtype=torch.bool)
    given = replace(bare, retrieved=clips.flatten(1, 2), slots=slots)
    return Batch(codes, mask, bare), Batch(codes, mask, given)


def test_movements_that_were_never_seen_are_copied_from_their_clips():
    """Unknown glosses: half of the codes are right with their clips, one of eight by chance without."""
    torch.manual_seed(0)
    settings = replace(
        SETTINGS, layers=1, is_retrieving=True, retrieval_dropout=0.0, causal_share=1.0, code_noise=0.9
    )
    model = SignDW(settings, (SIZE,), WORDS, 2, len(SPECIALS) + 6)
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=500)
    for step in range(500):
        loss = model(spelled(64, step, len(SPECIALS))[1])["total"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()
    plan = Plan(10, (LEAD_IN, UNKNOWN, UNKNOWN, LEAD_OUT), (1, 4, 4, 1))
    share = []
    for batch in spelled(32, 12345, UNKNOWN):
        drawn = generate(
            model, batch.condition, DrawSettings(temperature=0, max_run=0), range(32), [plan] * 32
        )
        found = torch.stack([each.codes for each in drawn])
        share.append(float((found == batch.codes)[:, 1:9].float().mean()))
    assert share[0] < 0.22
    assert share[1] > 0.38
