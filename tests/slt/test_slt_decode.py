"""Decoding: caches, beams and CTC against brute force."""

import itertools
import math

import numpy as np
import pytest
import torch

from signgen.errors import ConfigError
from signgen.nn.tokenizer import END, PAD, START
from signgen.slt.batches import frame_mask
from signgen.slt.ctc import beam_glosses, greedy_glosses
from signgen.slt.decoder import Decoder
from signgen.slt.dev_scores import edits
from signgen.slt.loss import reference_log_likelihood
from signgen.slt.search import (
    beam_search,
    beam_search_several,
    greedy,
    length_penalty,
    search,
    search_several,
)
from signgen.slt.settings import DecodeSettings, ModelSettings

WORDS = 7


@pytest.fixture(params=[False, True], ids=["tied", "slt"])
def decoder(request):
    torch.manual_seed(4)
    settings = ModelSettings(width=16, heads=2, inner=32, decoder_layers=2, is_tied=not request.param,
                             is_word_normed=request.param)  # fmt: skip
    made = Decoder(settings, WORDS)
    torch.nn.init.normal_(made.embedding.weight, std=0.7)
    torch.nn.init.normal_(made.output.weight, std=0.7)
    return made.eval()


@pytest.fixture
def seen():
    torch.manual_seed(5)
    return torch.randn(3, 6, 16), frame_mask(torch.tensor([6, 3, 5]), 6)


def scores_without_cache(decoder, seen, tokens):
    memory, mask = seen
    return decoder(tokens, decoder.begin(memory, mask))[0]


@torch.no_grad()
def test_cache_gives_what_all_words_at_once_give(decoder, seen):
    tokens = torch.randint(4, WORDS, (3, 8))
    state = decoder.begin(*seen)
    steps = []
    for place in range(8):
        scores, state = decoder(tokens[:, place : place + 1], state)
        steps.append(scores)
    torch.testing.assert_close(
        torch.cat(steps, 1), scores_without_cache(decoder, seen, tokens), rtol=1e-4, atol=1e-5
    )


@torch.no_grad()
def test_greedy_without_cache(decoder, seen):
    found = greedy(decoder, decoder.begin(*seen), 10)
    tokens = torch.full((3, 1), START)
    for _ in range(10):
        scores = scores_without_cache(decoder, seen, tokens)[:, -1]
        scores[:, [PAD, START]] = -torch.inf
        tokens = torch.cat([tokens, scores.argmax(-1, keepdim=True)], 1)
    for row, text in zip(tokens[:, 1:].tolist(), found, strict=True):
        assert list(text.tokens) == (row[: row.index(END)] if END in row else row)


def all_texts(longest):
    words = [0, *range(4, WORDS)]
    for length in range(longest):
        yield from itertools.product(words, repeat=length)


@torch.no_grad()
def log_probability(decoder, seen, clip, text):
    """Of a text and its end, with padding and start ruled out, as decoding does."""
    memory, mask = seen
    tokens = torch.tensor([[START, *text]])
    scores = scores_without_cache(decoder, (memory[clip : clip + 1], mask[clip : clip + 1]), tokens)
    scores[..., [PAD, START]] = -torch.inf
    chances = scores.log_softmax(-1)[0]
    return sum(float(chances[i, word]) for i, word in enumerate([*text, END]))


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@torch.no_grad()
def test_wide_beam_finds_the_best_of_all_texts(decoder, seen, alpha):
    longest = 4
    found = beam_search(decoder, decoder.begin(*seen), DecodeSettings(beam=64, alpha=alpha, longest=longest))
    for clip in range(3):
        values = {
            text: log_probability(decoder, seen, clip, text) / length_penalty(len(text) + 1, alpha)
            for text in all_texts(longest)
        }
        best = max(values, key=values.get)
        assert found[clip].tokens == best
        assert found[clip].log_probability == pytest.approx(
            log_probability(decoder, seen, clip, best), abs=1e-4
        )


@torch.no_grad()
def test_wide_beam_ranks_as_all_texts_are_ranked(decoder, seen):
    settings = DecodeSettings(beam=64, alpha=0.0, longest=4)
    found = beam_search_several(decoder, decoder.begin(*seen), settings, 5)
    for clip in range(3):
        values = {text: log_probability(decoder, seen, clip, text) for text in all_texts(4)}
        assert [text.tokens for text in found[clip]] == sorted(values, key=values.get)[:-6:-1]
    with pytest.raises(ConfigError, match="needs a beam"):
        search_several(decoder, *seen, DecodeSettings(beam=4), 5)


def test_texts_that_never_end_are_cut():
    decoder = Decoder(ModelSettings(width=16, heads=2, inner=16), WORDS).eval()
    torch.nn.init.zeros_(decoder.embedding.weight)
    decoder.embedding.weight.data[END] = -1.0  # never among the three best
    decoder.last_norm.bias.data.fill_(1.0)
    decoder.embedding.weight.data[5] = 1.0  # always the likeliest
    with torch.no_grad():
        for beam in (1, 3):
            found = search(decoder, torch.zeros(2, 4, 16), torch.ones(2, 4, dtype=torch.bool),
                           DecodeSettings(beam=beam, longest=2))  # fmt: skip
            assert found[0].tokens == (5,) * 2


def test_reference_log_likelihood_counts_real_tokens_alone():
    scores = torch.zeros(2, 3, 5)
    tokens = torch.tensor([[START, 4, 4, END], [START, 4, END, PAD]])
    values, counts = reference_log_likelihood(scores, tokens)
    assert counts.tolist() == [3, 2]
    torch.testing.assert_close(values, -math.log(5) * torch.tensor([3.0, 2.0]))


@pytest.mark.parametrize(
    ("path", "expected"),
    [([0, 1, 1, 0, 1, 2], (1, 1, 2)), ([0, 0], ()), ([], ()), ([2, 2, 2], (2,)), ([1, 2, 1], (1, 2, 1))],
)
def test_ctc_greedy(path, expected):
    chances = np.full((len(path), 3), -5.0)
    chances[np.arange(len(path)), path] = -0.01
    assert greedy_glosses(chances) == expected


@pytest.mark.parametrize("seed", range(12))
def test_ctc_beam_sums_over_all_paths(seed):
    frames, symbols = 5, 3
    logits = np.random.default_rng(seed).normal(0, 1.5, (frames, symbols))
    chances = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    totals = {}
    for path in itertools.product(range(symbols), repeat=frames):
        line = tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)
        totals[line] = totals.get(line, 0) + math.exp(sum(chances[t, s] for t, s in enumerate(path)))
    best = max(totals, key=totals.get)
    line, value = beam_glosses(chances, beam=1000)
    assert line == best
    assert value == pytest.approx(math.log(totals[best]), abs=1e-9)


def test_ctc_beam_agrees_with_the_loss_of_torch():
    chances = torch.randn(7, 1, 4).log_softmax(-1)
    line, value = beam_glosses(chances[:, 0].double().numpy(), beam=10_000)
    loss = torch.nn.functional.ctc_loss(
        chances.double(), torch.tensor([line]), torch.tensor([7]), torch.tensor([len(line)]), reduction="sum"
    )
    assert value == pytest.approx(-float(loss), abs=1e-6)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("flaw", "lawn", 2)],
)
def test_edits(hypothesis, reference, expected):
    assert edits([*map(ord, hypothesis)], [*map(ord, reference)]) == expected
