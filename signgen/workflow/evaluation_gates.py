"""The second gate on the page of a report: who lost what, measures of the videos, and pictures of single clips."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

from signgen.data.video import read_video
from signgen.errors import DataError
from signgen.judge.trial import Rendered
from signgen.workflow.evaluation_plots import PICTURES, SIDE, strip, waterfall
from signgen.workflow.sheet import encoded, shrunk, spaced, tiled


def gates_section(judge: Mapping[str, Any]) -> str:
    """What one judge says of videos; empty without any."""
    found = judge["gates"]
    if not found:
        return ""
    parts = [
        f"<h3>Two gates: poses asked for, and found again in videos by {escape(found['extractor'])}</h3>"
    ]
    parts += [f"<p class=alarm>{escape(note)}</p>" for note in found["notes"]]
    if found["control"]:
        parts.append(f"<p>The extractor alone: {escape(found['control'])}.</p>")
    parts += [waterfall(loss) for loss in found["losses"] if loss["shares"]]
    return "\n".join(parts)


def video_notes(report: Mapping[str, Any]) -> str:
    """What could not be measured of videos."""
    notes = report["videos"]["notes"] if report["videos"] else []
    return "".join(f"<p class=alarm>{escape(note)}</p>" for note in notes)


def clip_pictures(place: int, rendered: Rendered | None, video: Path | None) -> str:
    """Evenly spaced pictures of a clip's video, above what was found in them."""
    parts = [] if video is None else [_pictures(video)]
    if rendered is not None and rendered.has_asked:
        parts.append(strip("found in the video", rendered.extracted[place]))
    return "".join(parts)


def _pictures(video: Path) -> str:
    try:
        opened = read_video(video)
        wanted, frames, done, chosen = spaced(opened.num_frames, PICTURES), opened.frames(), 0, []
        for number in wanted:
            chosen.append(shrunk(next(islice(frames, number - done, None)), 2 * SIDE))
            done = number + 1
    except DataError as error:
        return f"<p>video: {escape(str(error))}</p>"
    data = base64.b64encode(encoded(tiled(chosen, PICTURES), ".jpg")).decode()
    width = SIDE * len(chosen)
    return (
        f"<figure><figcaption>video, {opened.seconds:.1f} s</figcaption>"
        f"<img alt='' width={width} src='data:image/jpeg;base64,{data}'></figure>"
    )
