"""The judge on hands made for it, and the list of what differs from ASL-LEX."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from signgen.body.skeleton import hand_frame, hand_points
from signgen.lexicon.handshapes import handshapes
from signgen.lexicon.notation import parse_signs
from signgen.lexicon.phonology import Phonology, first_part, measure, nearest_handshape
from signgen.lexicon.phonology_places import gaps, is_at_arm
from signgen.lexicon.synthesis import FPS, synthesise
from signgen.lexicon.synthesis_time import active_span
from signgen.pose.layout import LEFT_ELBOW, LEFT_HAND, LEFT_SHOULDER, LEFT_WRIST, RIGHT_HAND

ROOT = Path(__file__).parents[2]
BENCHMARK = runpy.run_path(str(ROOT / "benchmarks" / "phonology.py"))
FLAT = "hand: open_b, palm: down, fingers: away+in, at: palm, touch: palm, contact: tap, hands: base, base: "
INDEX = "hand: 1, palm: toward, touch: index_tip, hands: base, base: "


def judged(text: str) -> Phonology:
    sign = parse_signs(f"A: {{words: [x], {text}}}")[0]
    return measure(synthesise(sign), *active_span(sign, FPS))


@pytest.mark.parametrize(
    ("text", "major", "kind"),
    [
        ("hand: 1, palm: in, fingers: up, at: neutral", "Neutral", "OneHanded"),
        ("hand: 1, palm: in, fingers: up, at: neutral, hands: symmetric", "Neutral", "SymmetricalOrAlternating"),
        ("hand: s > 1, palm: in, fingers: up, at: neutral, hands: alternating, move: straight up",
         "Neutral", "SymmetricalOrAlternating"),
        (FLAT + "{hand: s, palm: up, fingers: away+in}", "Hand", "AsymmetricalDifferentHandshape"),
        (FLAT + "{hand: open_b, palm: up, fingers: away+in}", "Hand", "AsymmetricalSameHandshape"),
        # A base that waits is none; an arm is no hand.
        (INDEX + "{hand: c, palm: up, fingers: away+in}, fingers: up+in+toward, at: forehead right, contact: hold, "
         "then: [{hand: c, palm: down, fingers: away+in, at: palm, contact: end}]", "Head", "OneHanded"),
        (INDEX + "{hand: s, palm: up, fingers: away+in}, fingers: in, at: forearm_front, contact: tap",
         "Arm", "OneHanded"),
    ],
)  # fmt: skip
def test_hands_and_places(text, major, kind):
    found = judged(text)
    assert (found.major, found.sign_type) == (major, kind)


@pytest.mark.parametrize(
    ("move", "shape"),
    [
        ("straight up, repeat: 3", "Straight"),
        ("arc up away, repeat: 2", "Curved"),
        ("circle up away, repeat: 2", "Circular"),
        ("back_and_forth up", "Straight"),
        ("straight up, then: [{move: straight in}]", "Straight"),
        ("none, internal: twist", "None"),
    ],
)
def test_one_stroke_of_the_first_part_counts(move, shape):
    assert judged(f"hand: 1, palm: in, fingers: up, at: neutral, move: {move}").movement == shape


@pytest.mark.parametrize("name", ["5", "open_b", "s", "1", "v", "f", "y", "w", "open_8", "bent_1"])
def test_a_handshape_is_itself_wherever_it_is_and_however_it_turns(name):
    frame = hand_frame(np.array([0.3, -0.8, -0.5]), np.array([0.9, 0.3, -0.2]))
    hand = hand_points(handshapes()[name][None])[0] @ frame.T * 1.4 + [0.3, -0.2, 1.0]
    assert nearest_handshape(hand) == name


def test_first_part_ends_with_a_hold():
    fps, points = 24.0, np.zeros((20, 128, 3))
    points[:, RIGHT_HAND, 0] = np.concatenate(
        [np.linspace(0, 0.1, 6), np.full(4, 0.1), np.linspace(0.12, 0.4, 10)]
    )[:, None]
    assert len(first_part(points, fps)) == 10
    slow_start = points.copy()
    slow_start[:, RIGHT_HAND, 0] = np.concatenate([np.zeros(4), np.linspace(0.02, 0.4, 16)])[:, None]
    assert len(first_part(slow_start, fps)) == 20


def test_arm_and_hand_are_told_by_what_is_nearer():
    points = np.zeros((1, 128, 3))
    points[:, LEFT_SHOULDER], points[:, LEFT_ELBOW], points[:, LEFT_WRIST] = (
        [0.2, 0, 0],
        [0.25, 0.3, 0],
        [0, 0.3, 0],
    )
    hand = hand_points(handshapes()["open_b"][None])[0]
    points[:, LEFT_HAND] = hand @ hand_frame(np.array([-1.0, 0, 0]), np.array([0, 1.0, 0])).T + [0, 0.3, 0]
    for x, is_arm in ((0.12, True), (-0.09, False)):
        points[:, RIGHT_HAND] = [x, 0.28, 0]
        assert is_at_arm(*gaps(points)) == is_arm


def test_every_reason_stands_in_the_page():
    import yaml

    reasons = yaml.safe_load((ROOT / "benchmarks" / "phonology_reasons.yaml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "phonology.md").read_text(encoding="utf-8")
    assert page.endswith(BENCHMARK["markdown"](reasons)), "run: python benchmarks/phonology.py --renew"
    assert all(one["why"] for signs in reasons.values() for one in signs.values())


@pytest.mark.parametrize(
    ("reasons", "wrong"),
    [
        ({"major": {"A": {"ours": "Head", "asl_lex": "Body", "why": "so"}}}, []),
        ({"major": {"A": {"ours": "Arm", "asl_lex": "Body", "why": "so"}}}, ["major A: no reason"]),
        ({"major": {"A": {"ours": "Head", "asl_lex": "Body", "why": ""}}}, ["major A: no reason"]),
        (
            {"major": {n: {"ours": "Head", "asl_lex": "Body", "why": "so"} for n in "AB"}},
            ["major B: stale reason"],
        ),
        ({}, ["major A: no reason"]),
    ],
)
def test_missing_and_stale_reasons_are_told(reasons, wrong):
    found = {"major": {"A": {"ours": "Head", "asl_lex": "Body"}}}
    assert BENCHMARK["problems"](found, reasons) == wrong
