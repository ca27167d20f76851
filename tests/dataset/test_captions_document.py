"""The caption of a video: which track, which part, and where its English is from."""

from __future__ import annotations

import pytest

from signgen.data.cue import Cue
from signgen.data.shards import Recording
from signgen.data.strict_json import to_json
from signgen.dataset.captions import Track, caption_json, document_of, read_any_captions
from signgen.dataset.captions.document import ordered
from signgen.dataset.manifest import Sample

EN = Track("en", (Cue(0, 2, "It rains."), Cue(2, 4, "It snows.")))
DE = Track("de", (Cue(0, 2, "Es regnet."), Cue(2, 4, "Es schneit.")))
AUTO = Track("en", EN.cues, "automatic")
MADE = Track("en", EN.cues, "translated", "de")


@pytest.mark.parametrize(
    ("tracks", "language", "expected"),
    [
        ([AUTO, EN], "", EN),
        ([DE, EN], "", EN),
        ([DE, AUTO], "", DE),
        ([EN, DE], "de", DE),
        ([EN, DE], "de-AT", DE),
        ([MADE, AUTO], "", AUTO),
        ([MADE, DE], "en", MADE),
        ([DE, EN], "fr", EN),
    ],
)
def test_choice(tracks, language, expected):
    assert ordered(tracks, language)[0] is expected


@pytest.mark.parametrize(
    ("tracks", "language", "source", "kind"),
    [
        ([EN], "", "native", "manual"),
        ([AUTO], "", "native", "automatic"),
        ([MADE], "", "translated_from:de", "translated"),
        ([Track("en", EN.cues, "translated")], "", "translated_from:und", "translated"),
        ([DE], "", "none", "none"),
        ([DE, MADE], "de", "translated_from:de", "translated"),
        ([DE, EN], "de", "native", "manual"),
    ],
)
def test_where_english_is_from(tracks, language, source, kind):
    caption = caption_json(Sample("v", spoken_language=language), tracks)
    assert (caption["english_source"], caption["english_kind"]) == (source, kind)


def test_the_whole_caption():
    sample = Sample("v", signed_language="sgn-de", spoken_language="de", end=10.0)
    assert caption_json(sample, [DE, MADE]) == {
        "video_id": "v",
        "sign_language": "gsg",
        "caption_language": "de",
        "caption_kind": "manual",
        "segments": [
            {"start": 0, "end": 2, "text": "Es regnet.", "english": "It rains."},
            {"start": 2, "end": 4, "text": "Es schneit.", "english": "It snows."},
        ],
        "document_text": "Es regnet. Es schneit.",
        "duration_s": 10.0,
        "english_source": "translated_from:de",
        "english_kind": "translated",
        "english_text": "It rains. It snows.",
    }


def test_a_part_of_a_video_has_its_own_cues_from_zero():
    track = Track("en", tuple(Cue(n, n + 1, f"Number {n}.") for n in range(10)))
    found = document_of(Sample("v", start=2.25, end=5.0), [track])
    assert [(row["start"], row["end"], row["text"]) for row in found.caption["segments"]] == [
        (0.0, 0.75, "Number 2."), (0.75, 1.75, "Number 3."), (1.75, 2.75, "Number 4.")]  # fmt: skip
    assert found.dropped == {"outside": 7}


def test_the_manifest_tells_where_no_track_does():
    told = caption_json(Sample("v", text="It rains.", spoken_language="en", start=1.0, end=3.0), [])
    assert told["segments"] == [{"start": 0.0, "end": 2.0, "text": "It rains."}]
    assert (told["document_text"], told["english_source"]) == ("It rains.", "native")
    assert caption_json(Sample("v", text="It rains."), [])["segments"] == []
    nothing = caption_json(Sample("v"), [Track("en", (Cue(0, 1, "[Music]"),))])
    assert (nothing["document_text"], nothing["english_source"], nothing["caption_kind"]) == (
        "",
        "none",
        "none",
    )


def test_an_empty_track_gives_way():
    noise = Track("en", (Cue(0, 1, "[Music]"),))
    assert document_of(Sample("v", spoken_language="en"), [noise, DE]).track is DE


def test_readers_of_shards_take_the_segments():
    assert Recording("v", (), caption_json(Sample("v"), [EN])).cues() == list(EN.cues)


@pytest.mark.parametrize("tracks", [[EN], [AUTO], [MADE], [DE], [DE, MADE], [DE, AUTO]])
def test_a_caption_is_read_back_as_it_was(tracks, tmp_path):
    sample = Sample("v", signed_language="gsg", spoken_language=tracks[0].language)
    caption = caption_json(sample, tracks)
    (tmp_path / "caption.json").write_text(to_json(caption), encoding="utf-8")
    assert caption_json(sample, read_any_captions(tmp_path / "caption.json")) == caption


@pytest.mark.parametrize(
    ("source", "expected"), [("native", "native"), ("translated_from:de", "translated_from:de")]
)
def test_captions_of_signverse_are_english(source, expected, tmp_path):
    theirs = {"video_id": "v", "segments": [{"start": 0, "end": 1, "text": "Hi."}], "english_source": source}
    (tmp_path / "caption.json").write_text(to_json(theirs), encoding="utf-8")
    caption = caption_json(Sample("v"), read_any_captions(tmp_path / "caption.json"))
    assert (caption["caption_language"], caption["english_source"]) == ("en", expected)
