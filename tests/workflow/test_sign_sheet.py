"""A sign sheet lists every sign, escapes everything, asks the network for nothing and is not too large."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from signgen.data.npz import write_npz
from signgen.errors import ConfigError, DataError, LexiconError, ResourceError
from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import Lexicon, open_lexicon
from signgen.lexicon.notation import parse_signs
from signgen.lexicon.notation_source import source_of
from signgen.pose.layout import LEFT_ELBOW, LEFT_HAND, LEFT_WRIST, RIGHT_ELBOW, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence
from signgen.workflow.sign_sheet import framed, sign_sheet

NASTY = """</pre><script>alert(1)</script><img src=x onerror="alert('2')">"""
NOTATION = """\
# Food.
EAT: {words: [eat, "<b>food</b> & drink"], hand: flat_o, palm: toward, fingers: up+toward, at: mouth, contact: tap,
      note: "</pre><script>alert(3)</script>"}

# Comes after EAT.
"1":
  words: [one]
  hand: '1'
  palm: toward
  fingers: up
  at: neutral
# The end.
EAT.2: {words: [eat], hand: o, palm: toward, fingers: up+toward, at: mouth}
"""


class Page(HTMLParser):
    """What a browser would make of the page: elements with their attributes, and the text of each element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[list[str]] = []
        self._open: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append([])
        if tag not in ("meta", "img", "input"):
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag):
        assert self.elements[self._open.pop()][0] == tag, "elements must be nested"

    def handle_data(self, data):
        for number in self._open:
            self.texts[number].append(data)

    def of(self, tag, **wanted):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in wanted.items())]

    def text_of(self, tag, name=""):
        return [
            "".join(text)
            for (t, a), text in zip(self.elements, self.texts, strict=True)
            if t == tag and (not name or a.get("class") == name)
        ]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder of signs in notation."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "good_food.yaml").write_text(NOTATION, encoding="utf-8")
    return folder


def recording(path: Path, frames: int = 9) -> Path:
    keypoints = np.random.default_rng(0).uniform(20, 200, (frames, 128, 3)).astype("f4")
    keypoints[..., 2] = 1
    write_npz(PoseSequence(keypoints, 25, 256, 256), path)
    return path


def recorded(path: Path, **more) -> Entry:
    return Entry("toy", path, "en", "ase", words=("tree",), glosses=("TREE",), **more)


def made(lexicon, output: Path, **more) -> Page:
    sign_sheet(lexicon, output, **more)
    return Page(output.read_text(encoding="utf-8"))


def test_all_signs_with_their_notation(written: Path, tmp_path: Path) -> None:
    page = made(written, tmp_path / "sheet.html")
    assert page.text_of("h3") == ["EAT", "1", "EAT variant 2"]
    assert page.text_of("p", "words") == ["eat, <b>food</b> & drink", "one", "eat"]
    assert page.text_of("h2")[0] == "good food"
    assert page.of("option", value="good food")
    origins = page.text_of("p", "facts")
    assert [re.match(r"good_food\.yaml:(\d+) · [\d.]+ s$", text)[1] for text in origins] == ["2", "6", "13"]
    assert all(
        "not recorded from or verified by Deaf signers" in text for text in page.text_of("header", "intro")
    )
    notations = page.text_of("pre")
    assert "\n".join(notations).count("#") == 0
    for notation in notations:
        assert notation in NOTATION
        (sign,) = parse_signs(notation)
        assert sign.name in ("EAT", "1", "EAT.2")


def test_nothing_in_a_lexicon_becomes_html(written: Path, tmp_path: Path) -> None:
    path = recording(tmp_path / 'a"><script>.npz')
    odd = recorded(path, licence=NASTY, variant=NASTY, signer=NASTY)
    odder = Entry(NASTY, path, NASTY, NASTY, words=(NASTY,), glosses=(NASTY,), licence="\udc80")
    lexicon = Lexicon(NASTY, (tmp_path,), (*open_lexicon(written).entries, odd, odder))
    page = made(lexicon, tmp_path / "sheet.html")
    plain = made(written, tmp_path / "plain.html")
    assert len(page.of("script")) == len(plain.of("script")) == 1
    assert len(page.of("img")) == 5
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    assert not page.of("b")
    assert NASTY in page.text_of("h3")


def test_the_page_asks_the_network_for_nothing(written: Path, tmp_path: Path) -> None:
    page = made(written, tmp_path / "sheet.html")
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "srcset", "data"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))
        assert "style" not in attributes, "the policy admits no inline style"
    assert not re.search(r"@import|url\(|https?:", "".join(page.text_of("style") + page.text_of("script")))
    (policy,) = page.of("meta", **{"http-equiv": "Content-Security-Policy"})
    assert "default-src 'none'" in policy["content"]
    for tag in ("style", "script"):
        (text,) = page.text_of(tag)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy["content"]
        assert len(text) > 1000


def test_what_the_script_asks_for_is_on_the_page(written: Path, tmp_path: Path) -> None:
    page = made(written, tmp_path / "sheet.html")
    (script,) = page.text_of("script")
    names = [a["id"] for _, a in page.elements if "id" in a]
    assert len(names) == len(set(names))
    assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= set(names)
    for attributes in page.of("img"):
        assert attributes["alt"]
        assert {"data-rows", "data-count", "data-side", "data-seconds"} <= set(attributes)
    labelled = [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    assert set(labelled) <= set(names)


@pytest.mark.parametrize(("frames", "rows"), [(1, 1), (6, 1), (9, 2), (40, 2)])
def test_a_strip_holds_evenly_spaced_frames(tmp_path: Path, frames: int, rows: int) -> None:
    """Column by column, so that the first row alone is an overview; a grey level tells each frame."""
    from signgen.workflow import sign_sheet as module

    path = recording(tmp_path / "ramp.npz", frames)
    levels = np.linspace(30, 220, frames) if frames > 1 else np.array([30.0])
    job = module.prepare()

    class Levels:
        def __call__(self, poses, appearance=None, *, seed=0):
            for level in levels:
                yield np.full((256, 256, 3), round(level), np.uint8)

    object.__setattr__(job, "renderer", Levels())
    lexicon = Lexicon("toy", (tmp_path,), (recorded(path),))
    (strip,) = module._strips(lexicon, list(lexicon.entries), job)
    picture = iio.imread(io.BytesIO(strip.webp), extension=".webp")
    assert (strip.rows, strip.columns, picture.shape) == (rows, 6, (rows * 256, 6 * 256, 3))
    count = 5 * rows + 1
    wanted = np.linspace(0, frames - 1, count).round().astype(int)
    for i, t in enumerate(wanted):
        shown = picture[i % rows * 256 + 128, i // rows * 256 + 128].astype(float)
        assert np.abs(shown - levels[t]).max() < 6


def test_a_hanging_hand_is_left_out_of_the_picture() -> None:
    keypoints = np.zeros((2, 128, 3))
    keypoints[:, 0] = 100, 50, 1
    keypoints[:, [RIGHT_ELBOW, RIGHT_WRIST]] = [(60, 120, 1), (90, 80, 1)]
    keypoints[:, [LEFT_ELBOW, LEFT_WRIST]] = [(140, 120, 1), (145, 180, 1)]
    keypoints[:, RIGHT_HAND], keypoints[:, LEFT_HAND] = (90, 70, 1), (145, 195, 1)
    one = framed(PoseSequence(keypoints, 24, 200, 200), 110)
    # From x 60 to 140 and y 50 to 120, with a tenth of room: 88 px of canvas on 110 px.
    assert one.keypoints[0, 0] == pytest.approx((55 + 1.25 * 0, 55 + 1.25 * (50 - 85), 1))
    keypoints[1, LEFT_WRIST] = 145, 110, 1
    both = framed(PoseSequence(keypoints, 24, 200, 200), 110)
    assert both.keypoints[..., :2][both.confidence > 0].max() <= 110
    assert both.keypoints[0, LEFT_HAND.start, 1] < 110 < one.keypoints[0, LEFT_HAND.start, 1]


def test_a_damaged_recording_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    good, bad = recording(tmp_path / "good.npz"), tmp_path / "bad.npz"
    bad.write_bytes(b"PK\x03\x04 <script>")
    lexicon = Lexicon("toy", (tmp_path,), (recorded(bad), recorded(good, licence="CC0")))
    result = sign_sheet(lexicon, tmp_path / "sheet.html")
    page = Page(result.path.read_text(encoding="utf-8"))
    assert (result.signs, len(result.broken), len(page.of("img"))) == (2, 1, 1)
    assert "bad.npz" in page.text_of("p", "broken")[0]
    assert "CC0" in page.text_of("header", "intro")[0]
    assert not page.of("pre")
    assert page.text_of("button", "copy") == ["Copy name", "Copy name"]


def test_bad_requests_leave_nothing_behind(written: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04")
    damaged = Lexicon("damaged", (tmp_path,), (recorded(tmp_path / "bad.npz"),))
    before = sorted(tmp_path.iterdir())
    sheet = tmp_path / "sheet.html"
    for lexicon, output, config, error, message in (
        (written, tmp_path / "sheet.pdf", None, ConfigError, "sheet.html"),
        (written, written, None, ConfigError, "name of a page"),
        (tmp_path / "absent", sheet, None, LexiconError, "absent"),
        (Lexicon("empty", (), ()), sheet, None, LexiconError, "no signs"),
        (written, sheet, {"renderer": {"name": "skeleton", "size": 64}}, ConfigError, "size"),
        (written, sheet, {"renderer": {"name": "skelton"}}, ConfigError, "skeleton"),
        (damaged, sheet, None, DataError, "bad.npz"),
        (written, tmp_path / "bad.npz" / "sheet.html", None, ResourceError, "not a folder"),
    ):
        with pytest.raises(error, match=message):
            sign_sheet(lexicon, output, config)
        assert sorted(tmp_path.iterdir()) == before


def test_an_existing_page_is_kept_unless_forced(written: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    first = sign_sheet(written, sheet)
    with pytest.raises(ConfigError, match="--force"):
        sign_sheet(written, sheet)
    content = sheet.read_bytes()
    assert first.bytes == len(content)
    sign_sheet(written, sheet, force=True)
    assert sheet.read_bytes() == content, "the same lexicon gives the same page"


def test_all_of_the_built_in_lexicon_can_be_copied_as_notation() -> None:
    lexicon = open_lexicon("ase")
    texts = [source_of(entry).text for entry in lexicon.entries]
    signs = parse_signs("\n".join(texts))
    assert [sign.name for sign in signs] == [entry.sign for entry in lexicon.entries]


def test_a_thousand_signs_stay_small(tmp_path: Path) -> None:
    """An even sample of the built-in signs, at the size that a thousand would have."""
    from signgen.workflow import sign_sheet as module

    lexicon = open_lexicon("ase")
    total = len(lexicon.entries)
    some = list(lexicon.entries[:: total // 12])
    side = next(side for most, side in module.SIDES if total <= most)

    job = module.prepare()
    sizes = [
        len(module._strip(module._drawn(lexicon.load(entry), module.ROWS, side, job), side, 2, 1.0).webp)
        for entry in some
    ]
    assert np.mean(sizes) * 4 / 3 * 1000 < 25e6
