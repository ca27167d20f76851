"""ELAN annotation files (.eaf): time-aligned texts on named tiers, beside a video.

Written with one alignable tier for each name and a fixed date, so that the same tiers give the same bytes.
Read with a parser that refuses document types: no entities, no other files, no addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import escape, quoteattr

from signgen.data.atomic import write_text
from signgen.data.cue import Cue
from signgen.data.eaf_read import read_eaf
from signgen.errors import DataError

__all__ = ["read_eaf", "write_eaf"]

_DATE = "1970-01-01T00:00:00+00:00"
_MIME = {".mp4": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime", ".wav": "audio/x-wav"}

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="signgen" DATE="{date}" FORMAT="3.0" VERSION="3.0" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
{media}<PROPERTY NAME="lastUsedAnnotationId">{count}</PROPERTY>
</HEADER>
"""

_TAIL = """\
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>
<CONSTRAINT DESCRIPTION="Time subdivision of parent annotation's time interval, no time gaps allowed \
within this interval" STEREOTYPE="Time_Subdivision"/>
<CONSTRAINT DESCRIPTION="Symbolic subdivision of a parent annotation. Annotations refering to the same \
parent are ordered" STEREOTYPE="Symbolic_Subdivision"/>
<CONSTRAINT DESCRIPTION="1-1 association with a parent annotation" STEREOTYPE="Symbolic_Association"/>
<CONSTRAINT DESCRIPTION="Time alignable annotations within the parent annotation's time interval, gaps are \
allowed" STEREOTYPE="Included_In"/>
</ANNOTATION_DOCUMENT>
"""

_Span = tuple[int, int, str]

_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_eaf(tiers: Mapping[str, Sequence[Cue]], path: Path, media: str | None = None) -> None:
    """Write tiers of cues as an ELAN file.

    Times are rounded to milliseconds; ELAN has no annotation without duration, so a shorter one is given one.

    Args:
        tiers: cues by the name of their tier, such as ``text``, ``gloss``, ``source``.
        path: the file.
        media: the video, named as seen from the folder of ``path``.

    Raises:
        DataError: cues of one tier overlap, which ELAN cannot hold, or a tier without a name.
        ResourceError: the disk is full or the folder cannot be written.
    """
    spans = {_plain(name): _spans(cues, f"{path}: tier {name!r}") for name, cues in tiers.items()}
    if len(spans) < len(tiers) or not all(name.strip() for name in spans):
        raise DataError(f"{path}: every tier needs a name of its own, got {list(tiers)!r}")
    annotations = [span for tier in spans.values() for span in tier]
    slots = sorted(
        (time, number, edge) for number, span in enumerate(annotations) for edge, time in enumerate(span[:2])
    )
    slot_ids = {(number, edge): f"ts{slot}" for slot, (_, number, edge) in enumerate(slots, start=1)}
    parts = [
        _HEAD.format(date=_DATE, media=_media(media), count=len(annotations)),
        "<TIME_ORDER>\n",
        *(
            f'<TIME_SLOT TIME_SLOT_ID="ts{slot}" TIME_VALUE="{time}"/>\n'
            for slot, (time, _, _) in enumerate(slots, start=1)
        ),
        "</TIME_ORDER>\n",
        *_tiers(spans, slot_ids),
        _TAIL,
    ]
    write_text(path, "".join(parts))


def _spans(cues: Sequence[Cue], where: str) -> list[_Span]:
    """Start [ms], end [ms] and text of each cue, in order of time and apart from each other."""
    spans: list[_Span] = []
    free_from, last_end = 0, 0.0
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)):
        if cue.start < last_end - 0.001:
            raise DataError(
                f"{where}: {cue.text[:40]!r} starts at {cue.start:.3f} s, before the annotation "
                f"in front of it ends at {last_end:.3f} s; put them on two tiers"
            )
        start = max(free_from, round(cue.start * 1000))
        free_from, last_end = max(start + 1, round(cue.end * 1000)), max(last_end, cue.end)
        spans.append((start, free_from, _plain(cue.text)))
    return spans


def _tiers(spans: Mapping[str, list[_Span]], slot_ids: Mapping[tuple[int, int], str]) -> Iterator[str]:
    number = 0
    for name, tier in spans.items():
        yield f'<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID={quoteattr(name)}>\n'
        for _, _, text in tier:
            yield (
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number + 1}" '
                f'TIME_SLOT_REF1="{slot_ids[number, 0]}" TIME_SLOT_REF2="{slot_ids[number, 1]}">'
                f"<ANNOTATION_VALUE>{escape(text)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>\n"
            )
            number += 1
        yield "</TIER>\n"


def _media(media: str | None) -> str:
    if media is None:
        return ""
    name = _plain(media).replace("\\", "/").removeprefix("./")
    mime = _MIME.get(PurePosixPath(name).suffix.lower(), "video/mp4")
    url = quoteattr(f"./{name}")
    return f'<MEDIA_DESCRIPTOR MEDIA_URL={url} MIME_TYPE="{mime}" RELATIVE_MEDIA_URL={url}/>\n'


def _plain(text: str) -> str:
    """Text of the characters that XML can hold, with Unix line ends."""
    return _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
