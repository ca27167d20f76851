"""Synthesised signs, judged by their keypoints alone: shape, place, contact, path, hands, time, face."""

from __future__ import annotations

import re
import runpy
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signgen.body.skeleton import FOREARM, UPPER_ARM, hand_frame, hand_points
from signgen.body.surface import place_point
from signgen.lexicon.entry import Entry
from signgen.lexicon.glosses import make_plan
from signgen.lexicon.handshapes import handshapes
from signgen.lexicon.lexicon import open_lexicon
from signgen.lexicon.notation import Sign, parse_signs
from signgen.lexicon.phonology import measure, metric, nearest_handshape, path_shape
from signgen.lexicon.synthesis import FPS, synthesise, synthesise_points
from signgen.lexicon.synthesis_time import active_span, schedule
from signgen.lexicon.written import synthesised
from signgen.pose import layout as k
from signgen.pose.bones import bone_lengths

ROOT = Path(__file__).parents[2]
ASL_LEX = ROOT.parent / "shared" / "data" / "asl_lex_phonology.csv"
PAGE = (ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
SIGNS = {s.name: s for s in parse_signs(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[-1])}


def sign_of(text: str) -> Sign:
    return parse_signs(f"A: {{words: [x], {text}}}")[0]


def measured(sign: Sign):
    return measure(synthesise(sign), *active_span(sign, FPS))


# What ASL-LEX 2.0 and every textbook say about these signs.
@pytest.mark.parametrize(
    ("name", "handshape", "major", "kind", "movement"),
    [
        ("HELLO", "closed_b", "Head", "OneHanded", "Straight"),
        ("THANK-YOU", "open_b", "Head", "OneHanded", "Curved"),
        ("MOTHER", "5", "Head", "OneHanded", "Straight"),
        ("FATHER", "5", "Head", "OneHanded", "Straight"),
        ("SCHOOL", "open_b", "Hand", "AsymmetricalSameHandshape", "Straight"),
        ("EAT", "flat_o", "Head", "OneHanded", "Straight"),
        ("LIKE", "open_8", "Body", "OneHanded", "Straight"),
        ("NOT", "thumb_up", "Head", "OneHanded", "Straight"),
        ("WHAT", "5", "Neutral", "SymmetricalOrAlternating", "Straight"),
        ("HELP", "thumb_up", "Hand", "AsymmetricalDifferentHandshape", "Straight"),
    ],
)
def test_keypoints_show_the_sign(name, handshape, major, kind, movement):
    found = measured(SIGNS[name])
    assert (found.handshape, found.major, found.sign_type, found.movement) == (
        handshape, major, kind, movement,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "frame", "place", "keypoint"),
    [("MOTHER", -1, "chin", 4), ("FATHER", -1, "forehead", 4), ("NOT", 0, "under_chin", 4)],
)
def test_contact_touches_and_does_not_pass_through(sign, frame, place, keypoint):
    times = schedule(SIGNS[sign], FPS)
    points = synthesise_points(SIGNS[sign])[times.first : times.first + times.active]
    point, out = place_point(place)
    away = (points[:, k.RIGHT_HAND][:, keypoint] - point) @ out
    assert away[frame] == pytest.approx(0.008, abs=0.006)
    assert away.min() > 0


@pytest.mark.parametrize("name", SIGNS)
def test_bodies_stay_whole(name):
    points = synthesise_points(SIGNS[name])
    assert np.isfinite(points).all()
    lengths = bone_lengths(points, np.ones(points.shape[:2]))
    arms = [k.RIGHT_ELBOW, k.LEFT_ELBOW, k.RIGHT_WRIST, k.LEFT_WRIST]
    assert np.allclose(lengths[:, arms], [UPPER_ARM, UPPER_ARM, FOREARM, FOREARM], atol=1e-6)
    fingers = lengths[:, [*range(19, 39), *range(40, 60)]]
    assert np.ptp(fingers, axis=0).max() < 1e-6
    speed = np.linalg.norm(np.diff(points[:, [k.RIGHT_WRIST, k.LEFT_WRIST]], axis=0), axis=-1) * FPS
    assert speed.max() < 4.0, "a hand moves at a few metres a second at most"
    assert np.allclose(points[0], points[-1], atol=1e-9), "from rest to rest"


@pytest.mark.parametrize(
    ("move", "shape"),
    [
        ("straight in", "Straight"),
        ("straight up large, repeat: 2", "Straight"),
        ("arc in up large", "Curved"),
        ("circle up in", "Circular"),
        ("circle away in large, repeat: 2", "Circular"),
        ("zigzag down in large", "Z-shaped"),
        ("back_and_forth in, repeat: 2", "Straight"),
        ("none", "None"),
    ],
)
def test_paths(move, shape):
    sign = sign_of(f"hand: 1, palm: away, fingers: up, at: neutral, move: {move}")
    assert measured(sign).movement == shape


def test_path_shape_of_known_curves():
    u = np.linspace(0, 1, 24)[:, None]
    x, y = np.eye(3)[:2]
    assert path_shape(0.2 * u * x) == "Straight"
    assert path_shape(0.1 * (np.cos(2 * np.pi * u) * x + np.sin(2 * np.pi * u) * y)) == "Circular"
    assert path_shape(0.1 * (np.cos(np.pi * u) * x + np.sin(np.pi * u) * y)) == "Curved"
    assert path_shape(0.001 * u * x) == "None"


def test_directions_are_the_signers():
    text = "hand: 5, palm: away, fingers: up, at: neutral, move: straight {0}, hands: {1}"
    for hands, left_x in (("symmetric", -1), ("parallel", 1)):
        sign = sign_of(text.format("in large", hands))
        times = schedule(sign, FPS)
        points = synthesise_points(sign)
        way = points[times.first + times.active - 1] - points[times.first]
        assert way[k.RIGHT_WRIST][0] == pytest.approx(0.22, abs=0.01)
        assert way[k.LEFT_WRIST][0] == pytest.approx(0.22 * left_x, abs=0.01)
    # Palm away, fingers up: the thumb of either hand points to the middle.
    hand = points[times.first]
    assert hand[k.RIGHT_HAND][4, 0] > hand[k.RIGHT_HAND][20, 0]
    assert hand[k.LEFT_HAND][4, 0] < hand[k.LEFT_HAND][20, 0]


def test_alternating_hands_take_turns():
    sign = sign_of(
        "hand: 5, palm: in, fingers: away, at: neutral, move: straight up, repeat: 2, hands: alternating"
    )
    times = schedule(sign, FPS)
    points = synthesise_points(sign)[times.first : times.first + times.active]
    right, left = points[:, k.RIGHT_WRIST, 1], points[:, k.LEFT_WRIST, 1]
    assert np.corrcoef(right, left)[0, 1] < -0.95


def test_handshape_changes_with_the_stroke():
    sign = SIGNS["LIKE"]
    times = schedule(sign, FPS)
    hands = synthesise_points(sign)[:, k.RIGHT_HAND]
    assert nearest_handshape(hands[times.first]) == "open_8"
    assert nearest_handshape(hands[times.first + times.active - 1]) == "8"


def test_face_and_head():
    plain, furrowed = SIGNS["HELLO"], SIGNS["WHAT"]
    brows = slice(60 + 17, 60 + 27)
    middle = schedule(furrowed, FPS).first + 2
    assert (
        synthesise_points(furrowed)[middle, brows, 1].mean() > synthesise_points(plain)[10, brows, 1].mean()
    )
    assert np.ptp(synthesise_points(SIGNS["NOT"])[:, k.NOSE, 0]) > 0.015, "the head shakes"
    assert np.ptp(synthesise_points(plain)[:, k.NOSE]) == pytest.approx(
        np.ptp(synthesise_points(plain)[0, k.NOSE])
    )


@pytest.mark.parametrize(
    ("palm", "fingers"), [("in", "up"), ("down", "away"), ("away", "up"), ("up", "away+in")]
)
def test_a_hand_lies_near_its_directions_and_not_edge_on(palm, fingers):
    """Within 25 degrees of what is written, and its palm no nearer than 12 degrees to the line of sight."""
    sign = sign_of(f"hand: 5, palm: {palm}, fingers: {fingers}, at: neutral")
    step = sign.steps[0]
    named = hand_frame(step.fingers[0].vector(), step.palm[0].vector())
    hand = synthesise_points(sign)[schedule(sign, FPS).first, k.RIGHT_HAND]
    rigid = [0, 5, 9, 13, 17]
    local = hand_points(handshapes()["5"])[0, rigid]
    rotation, _ = Rotation.align_vectors(hand[rigid] - hand[0], local @ named.T)
    assert np.degrees(rotation.magnitude()) < 25.1
    out = rotation.as_matrix() @ named[:, 2]
    assert abs(out[2]) > np.sin(np.radians(12))


@pytest.mark.parametrize("name", SIGNS)
def test_wrists_are_not_bent_more_on_the_way_than_in_the_sign(name):
    points = synthesise_points(SIGNS[name])
    times = schedule(SIGNS[name], FPS)
    for hand, elbow in ((k.RIGHT_HAND, k.RIGHT_ELBOW), (k.LEFT_HAND, k.LEFT_ELBOW)):
        forearm = points[:, hand][:, 0] - points[:, elbow]
        along = points[:, hand][:, 9] - points[:, hand][:, 0]
        cos = (forearm * along).sum(-1) / np.linalg.norm(forearm, axis=-1) / np.linalg.norm(along, axis=-1)
        bent = np.degrees(np.arccos(cos))
        inside = bent[times.first : times.first + times.active]
        assert bent.max() < max(inside.max(), bent[0]) + 3


def test_duration_is_kept():
    sign = sign_of("hand: 5, palm: in, fingers: up, at: chin, move: straight away, repeat: 3, duration: 2")
    start, end = active_span(sign, FPS)
    assert end - start == pytest.approx(2, abs=0.15)
    assert len(synthesise(sign, 48)) == pytest.approx(2 * len(synthesise(sign)), abs=8)


def test_the_built_in_lexicon():
    lexicon = open_lexicon("ase")
    assert {f"LETTER-{c}" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} <= {entry.sign for entry in lexicon.entries}
    assert all("not recorded from or verified by Deaf signers" in entry.licence for entry in lexicon.entries)
    assert len({entry.id for entry in lexicon.entries}) == len(lexicon.entries)
    plan = make_plan("zqk", lexicon)
    assert [item.candidates[0].sign for item in plan.items] == ["LETTER-Z", "LETTER-Q", "LETTER-K"]
    entry = lexicon.entries[0]
    clip = lexicon.load(entry)
    assert clip is lexicon.load(entry)
    assert len(clip) == pytest.approx((entry.end - entry.start) * FPS, abs=1)
    assert clip.depth is not None


def test_a_folder_of_notation(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "WUG: {words: [wug], hand: y, palm: in, fingers: up, at: chin, contact: tap}"
    )
    lexicon = open_lexicon(f"{tmp_path}+ase")
    assert lexicon.entries[0].gloss == "WUG"
    assert len(lexicon.load(lexicon.entries[0])) > 8


def test_every_built_in_sign_can_be_signed():
    """And quickly: under 5 ms each, with room for a busy machine."""
    entries = open_lexicon("ase").entries
    sample = entries[::5]
    took = []
    for entry in sample:
        began = time.process_time()
        poses = synthesised(entry)
        took.append(time.process_time() - began)
        assert (poses.confidence[:, :9] > 0).all()
    assert np.median(took) < 0.02


def test_letters_are_nearest_to_the_real_ones():
    real = real_letters()
    own = {e.words[0].upper(): e for e in open_lexicon("ase").entries if e.lexicon == "ase:letters"}
    ranks = {}
    for letter in real:
        poses = synthesised(own[letter])
        hand = normal(poses.xy[round(own[letter].start * FPS) + 3, k.RIGHT_HAND])
        order = sorted(real, key=lambda name: np.linalg.norm(hand - real[name]))
        ranks[letter] = order.index(letter) + 1
    assert sum(rank == 1 for rank in ranks.values()) >= 20, ranks
    assert max(ranks.values()) <= 3, ranks


def real_letters() -> dict[str, np.ndarray]:
    """The stillest frame of each recorded letter without movement."""
    pytest.importorskip("spoken_to_signed")
    lexicon, found = open_lexicon("fingerspelling:ase"), {}
    for entry in lexicon.entries:
        letter = entry.words[0].upper()
        if letter in "JZ":
            continue
        poses = lexicon.load(entry)
        hands = poses.xy[:, k.RIGHT_HAND][(poses.confidence[:, k.RIGHT_HAND] > 0).all(axis=1)]
        moved = np.linalg.norm(np.diff(hands, axis=0), axis=-1).mean(axis=1)
        calm = np.convolve(moved, np.ones(3) / 3, "same")
        found[letter] = normal(hands[3 + np.argmin(calm[3:-3])])
    return found


def normal(hand: np.ndarray) -> np.ndarray:
    """A hand without place and size."""
    hand = hand.astype(np.float64) - hand.mean(axis=0)
    scaled: np.ndarray = hand / np.sqrt((hand**2).sum(axis=1).mean())
    return scaled


@pytest.mark.skipif(not ASL_LEX.exists(), reason="ASL-LEX is not here")
def test_agreement_with_asl_lex():
    compare = runpy.run_path(str(ROOT / "benchmarks" / "phonology.py"))["compare"]
    found = compare(ASL_LEX)
    assert len(found) > 100
    for name, least in FLOORS.items():
        votes = [agree[name] for *_, agree in found if name in agree]
        assert np.mean(votes) >= least, name


# A little under what is reached; the goals and every disagreement are in docs/phonology.md.
FLOORS = {"handshape": 0.92, "major": 0.96, "sign_type": 0.96, "movement": 0.90}


def test_entries_of_notation_have_their_own_names():
    entry = Entry("x", Path("x/a.yaml"), "en", "ase", sign="A.2")
    assert entry.id == "x/a.yaml#A.2"
    assert metric(synthesise(SIGNS["HELLO"])).shape[1:] == (128, 3)
