"""The built-in checkpoint: small, apart from the built-in judge, and it plans and signs what it learned."""

import numpy as np
import pytest
import torch

from signgen.data.checkpoints import built_in_folder
from signgen.data.trained_on import hash_of, read_trained_on
from signgen.signdw.checkpoint.card import load_card
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.texts import sign_texts
from signgen.text2pose.signdw import DEFAULT_CHECKPOINT, SignDWSource

FOLDER = built_in_folder(DEFAULT_CHECKPOINT)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_it_is_small_and_says_what_it_is():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 25e6
    card = load_card(FOLDER)
    assert (card.head, card.expects.fps, card.expects.layout) == ("token", 24.0, "dwpose-128")
    assert card.licence


def test_it_shares_no_clip_with_the_built_in_judge():
    ours, judge = (read_trained_on(folder / "trained_on.json") for folder in (FOLDER, built_in_folder("ase")))
    assert len(ours.names) == 23616
    assert not ours.names & judge.names


# Sentences of the grammar that its training did not have, with the glosses that the grammar gives them.
UNSEEN = {
    "Our grandfather is not poor.": "POSS-1P GRANDFATHER NOT POOR",
    "He never buys beer.": "IX-3 NEVER BUY BEER",
    "Last Tuesday, their coach quit the job.": "LAST TUESDAY POSS-3P COACH WORK QUIT",
    "The north will be sunny next week.": "NEXT-WEEK NORTH SUN",
    "My cap is yellow.": "POSS-1 CAP YELLOW",
}


def test_unseen_sentences_are_planned_as_the_grammar_has_them():
    source = SignDWSource()
    read = read_trained_on(FOLDER / "trained_on.json").texts
    assert read
    assert not {hash_of(text) for text in UNSEEN} & read
    found = sign_texts(source.loaded, list(UNSEEN), DrawSettings(), range(len(UNSEEN)))
    plans = [" ".join(gloss for gloss, _, _ in signed.glosses) for signed in found]
    right = sum(plan == wanted for plan, wanted in zip(plans, UNSEEN.values(), strict=True))
    assert right >= len(UNSEEN) - 1
    for signed in found:
        assert not signed.unknown
        # Neither still nor shaking: the wrists go somewhere, by less than a shoulder width a frame.
        wrists = signed.poses.xy[:, [4, 7]]
        steps = np.linalg.norm(np.diff(wrists, axis=0), axis=-1) / 164
        assert 0.5 < steps.sum() / 2 < 40
        assert steps.max() < 1
