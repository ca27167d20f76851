"""What a clip becomes before it is learned from, and which clips come when."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_signdw_corpus import MODEL, clip, make_corpus, make_tokenizer

from signgen.data.columnar import write_columnar
from signgen.errors import ConfigError, DataError
from signgen.nn.tokenizer import Pieces
from signgen.signdw.motion.clip_codes import load_codes
from signgen.signdw.motion.folder import load_tokenizer
from signgen.signdw.motion.parts import to_parts
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, GlossVocabulary, Plan
from signgen.signdw.network.text import TextEncoding, bare_word
from signgen.signdw.settings import LANGUAGES, SignDWSettings
from signgen.signdw.training.examples import (
    Example,
    Examples,
    Order,
    collate,
    glosses_of,
    make_examples,
    shares_of,
    texts_of,
)
from signgen.signdw.training.settings import prepare_signdw

SETTINGS = SignDWSettings(**MODEL)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return load_tokenizer(make_tokenizer(tmp_path_factory.mktemp("motion")))


def examples(clips, settings=SETTINGS):
    encoding = TextEncoding(Pieces.train(sorted(set(texts_of(clips))), 64), LANGUAGES, settings.max_words)
    return make_examples(clips, encoding, GlossVocabulary(glosses_of([clips])), settings)


def test_codes_are_those_of_each_clip_alone(corpus, tokenizer):
    found = load_codes(corpus / "train", tokenizer)
    for number in range(len(found)):
        parts = to_parts(clip(number, "x").poses)
        # What is stored is rounded to fractions of a pixel: nearly all codes are the same.
        alone = tokenizer.encode(torch.tensor(parts.values)[None], torch.tensor(parts.visible)[None])[0]
        assert found.of(number).shape == alone.shape
        assert (found.of(number) == alone).float().mean() > 0.9
        assert found.frames[number] == len(parts)


def test_codes_are_kept_and_made_again_where_damaged(corpus, tokenizer, tmp_path, monkeypatch):
    first = load_codes(corpus / "train", tokenizer, tmp_path)
    (file,) = tmp_path.iterdir()
    monkeypatch.setattr(
        "signgen.signdw.motion.clip_codes._encoded", lambda *given: pytest.fail("encoded again")
    )
    assert torch.equal(load_codes(corpus / "train", tokenizer, tmp_path).codes, first.codes)
    monkeypatch.undo()
    file.write_bytes(file.read_bytes()[:-9])
    assert torch.equal(load_codes(corpus / "train", tokenizer, tmp_path).codes, first.codes)
    # Another tokenizer has codes of its own.
    other = load_tokenizer(make_tokenizer(tmp_path / "other"))
    with torch.no_grad():
        next(other.parameters()).add_(0.1)
    load_codes(corpus / "train", other, tmp_path)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2


def test_plans_have_the_times_of_the_clip_at_six_steps_a_second(corpus, tokenizer):
    clips = load_codes(corpus / "train", tokenizer)
    found = examples(clips)
    assert len(found) == 14
    for item in found.items:
        info, rate = clips.infos[item.clip], clips.rates[item.clip]
        assert item.plan.steps == len(item.codes) == sum(item.plan.durations)
        assert item.plan.glosses[0] == LEAD_IN
        assert item.plan.glosses[-1] == LEAD_OUT
        starts = [start for start, _ in item.plan.spans[1:3]]
        assert starts == pytest.approx([6 * start / rate for _, start, _ in info["timeline"]], abs=0.63)


def test_what_cannot_be_learned_from_is_left_out_and_counted(tokenizer, tmp_path):
    clips = [clip(n, f"c{n}") for n in range(8)]
    changes = (
        {"text": ""}, {"text": "word " * 100}, {"timeline": [["A", 30, 40], ["B", 3, 9]]}, {"signed_language": "xyz"},
        {"timeline": "none"},
    )  # fmt: skip
    changed = [replace(c, info={**c.info, **more}) for c, more in zip(clips, changes, strict=False)]
    hidden = clips[5].poses.keypoints.copy()
    hidden[:, [2, 5]] = 0
    blind = replace(clips[5], poses=clips[5].poses.replace(keypoints=hidden))
    write_columnar([*changed, blind, *clips[6:]], tmp_path / "0.col")
    found = examples(load_codes(tmp_path, tokenizer))
    assert sum(found.left_out.values()) == 5
    assert found.left_out["shoulders"] == 1
    assert [item.clip for item in found.items] == [4, 6, 7]
    # A timeline that says nothing leaves a plan of the length alone.
    assert not found.items[0].plan.glosses


def some(count: int, name: str = "a") -> Examples:
    rng = np.random.default_rng(len(name) + count)
    items = [
        Example(n, (5, 6), 1, Plan(s), torch.full((s, 2), n))
        for n, s in enumerate(rng.integers(3, 30, count).tolist())
    ]
    return Examples(None, tuple(items), {})


def test_every_clip_comes_once_before_any_comes_again():
    source = some(10)
    order = Order([source], [1.0], batch=5, pool=2, seed=3)
    for epoch in range(3):
        seen = Counter(item.clip for number in (0, 1) for item in order[2 * epoch + number])
        assert seen == Counter(range(10))


def test_a_batch_depends_on_its_number_alone():
    sources = [some(13), some(7, "b")]
    order = Order(sources, [0.25, 0.75], batch=4, pool=3, seed=3)
    later = Order(sources, [0.25, 0.75], batch=4, pool=3, seed=3)
    forwards = [[id(item) for item in order[number]] for number in range(9)]
    assert [[id(item) for item in later[number]] for number in reversed(range(9))] == forwards[::-1]
    other = Order(sources, [0.25, 0.75], batch=4, pool=3, seed=4)
    assert [[id(item) for item in other[number]] for number in range(9)] != forwards


def test_sources_come_as_often_as_they_should():
    sources = [some(13), some(7, "b"), some(5, "c")]
    order = Order(sources, [0.5, 0.2, 0.3], batch=8, pool=4, seed=0)
    drawn = [item for number in range(60) for item in order[number]]
    assert len(drawn) == 480
    for source, share in zip(sources, (0.5, 0.2, 0.3), strict=True):
        mine = {id(item) for item in source.items}
        assert sum(id(item) in mine for item in drawn) == pytest.approx(480 * share, abs=2)
    # Little is padded: batches are of clips of like lengths.
    spread = [np.ptp([len(item.codes) for item in order[number]]) for number in range(60)]
    assert np.mean(spread) < 12


def test_shares_are_weights_or_sizes():
    sources = {"a": some(30), "b": some(10, "b")}
    assert shares_of(sources, {}) == [0.75, 0.25]
    assert shares_of(sources, {"a": 1, "b": 3}) == [0.25, 0.75]
    assert shares_of(sources, {"b": 2}) == [0, 1]


def test_collated_clips_are_padded_behind_their_ends():
    items = [
        Example(0, (5, 6, 7), 2, Plan(3, (3, 9), (1, 2)), torch.ones(3, 2)),
        Example(1, (8,), 0, Plan(5), torch.full((5, 2), 4)),
    ]
    batch = collate(items)
    assert batch.mask.tolist() == [[True] * 3 + [False] * 2, [True] * 5]
    assert batch.codes[0, :, 0].tolist() == [1, 1, 1, 0, 0]
    assert batch.condition.text_mask.tolist() == [[True, True, True], [True, False, False]]
    assert batch.condition.language.tolist() == [2, 0]
    assert batch.condition.glosses.tolist() == [[3, 9], [0, 0]]
    assert collate(items[1:]).condition.glosses is None


@pytest.mark.parametrize(
    ("word", "bare"), [("Mother's,", "mother's"), ('"Hi!"', "hi"), ("?!", ""), ("well-known.", "well-known")]
)
def test_words_without_marks(word, bare):
    assert bare_word(word) == bare


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"modle": {}}, "modle: unknown setting; did you mean 'model'"),
        ({"model": {"preset": "signdw-tyny"}}, "model.preset: no preset called 'signdw-tyny'"),
        ({"model": {"width": 15}}, "model.width"),
        ({"data": {"sources": {"a": "x"}, "weights": {"b": 1}}}, "data.weights: no source is called 'b'"),
        ({"data": {"sources": {"a": "x"}, "weights": {"a": 0}}}, "data.weights: all are 0"),
        ({"train": {"average": 1.0}}, "train.average"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"train": [1]}, "train: expected settings by name"),
    ],
)
def test_settings_are_checked(values, message):
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        prepare_signdw(values)


def test_no_shards_are_refused(tokenizer, tmp_path):
    with pytest.raises(DataError, match="no columnar shards"):
        load_codes(tmp_path, tokenizer)
