"""Manifests: what is read back, what is refused and how the line is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signgen.dataset.manifest import MAX_LINE_BYTES, Sample, read_manifest, write_manifest
from signgen.errors import DataError


def test_what_is_written_is_read_back(tmp_path):
    samples = [
        Sample(
            "b-1", video=tmp_path / "v" / "b.mp4", text="Straße", start=1.5, end=2.25, signed_language="gsg"
        ),
        Sample("a_2", poses=tmp_path.parent / "elsewhere.pose", fps=25.0, width=512, height=512, person=1),
        Sample("C.3", captions=tmp_path / "c.vtt", split="test", licence="CC0-1.0", signer="S1", gloss="A B"),
    ]
    path = tmp_path / "MANIFEST.jsonl"
    assert write_manifest(samples, path) == 3
    assert list(read_manifest(path)) == samples
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows[0]["video"] == "v/b.mp4"
    assert Path(rows[1]["poses"]).is_absolute()
    assert "split" not in rows[0]


def test_paths_are_seen_from_the_folder_of_the_manifest(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('\n{"video_id": "a", "video": "x/../v.mp4", "end": null}\n\n', encoding="utf-8")
    assert list(read_manifest(path)) == [Sample("a", video=tmp_path / "v.mp4")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1]", "expected a JSON object"),
        ("{", "not valid JSON"),
        ("{}", "video_id: missing"),
        ('{"video_id": "a", "vidoe": "x"}', "vidoe: unknown key; did you mean 'video'?"),
        ('{"video_id": "a", "video_id": "b"}', "a key twice"),
        ('{"video_id": "../a"}', "is no plain name"),
        ('{"video_id": ".a"}', "is no plain name"),
        ('{"video_id": ""}', "is no plain name"),
        ('{"video_id": "%s"}' % ("a" * 81), "is no plain name"),
        ('{"video_id": 7}', "video_id: expected str, got 7"),
        ('{"video_id": null}', "video_id: expected str"),
        ('{"video_id": "a", "text": null}', "text: expected str"),
        ('{"video_id": "a", "video": ""}', "video: expected a path"),
        ('{"video_id": "a", "video": 3}', "video: expected a path"),
        ('{"video_id": "a", "fps": "25"}', "fps: expected float"),
        ('{"video_id": "a", "fps": true}', "fps: expected float"),
        ('{"video_id": "a", "fps": 0}', "fps: expected a positive number"),
        ('{"video_id": "a", "fps": NaN}', "NaN is not a JSON number"),
        ('{"video_id": "a", "width": 1.5}', "width: expected int"),
        ('{"video_id": "a", "person": -1}', "person: expected a number from 0"),
        ('{"video_id": "a", "start": -1}', "start: expected seconds from 0"),
        ('{"video_id": "a", "start": 2, "end": 2}', "end: expected seconds after start"),
        ('{"video_id": "a", "end": 1e999}', "end: expected seconds after start"),
        ('{"video_id": "a", "text": "%s"}' % ("x" * MAX_LINE_BYTES), "is refused"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    path = tmp_path / "m.jsonl"
    path.write_text('{"video_id": "fine"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=":2: ") as caught:
        list(read_manifest(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("again", ["same", "SAME"])
def test_a_name_comes_once(tmp_path, again):
    path = tmp_path / "m.jsonl"
    path.write_text(f'{{"video_id": "same"}}\n\n{{"video_id": "{again}"}}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r":3: .* is that of line 1"):
        list(read_manifest(path))


def test_a_missing_manifest(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read"):
        list(read_manifest(tmp_path / "none.jsonl"))
