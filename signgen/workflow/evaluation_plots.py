"""The plots of a report, as SVG text: bars, a scale, curves and strips of stick figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from signgen.errors import PoseError
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import BODY_LIMBS, HAND_BONES, LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

_BLUE, _GREY, _RED, _GREEN = "#1f6feb", "#8b949e", "#b3261e", "#1a7f37"
_LIMBS = (
    *((a, b) for a, b in BODY_LIMBS if max(a, b) < 8 or min(a, b) in (0, 14, 15)),
    *((hand.start + a, hand.start + b) for hand in (LEFT_HAND, RIGHT_HAND) for a, b in HAND_BONES),
)
PICTURES, SIDE = 8, 110
# A picture shows so many shoulder widths about a point somewhat below the neck.
_VIEW, _BELOW = 3.6, 0.25


def bars(title: str, rows: Sequence[tuple[str, float, Any]]) -> str:
    """Horizontal bars of named values, with intervals where there are any."""
    top = max([1e-9, *(value for _, value, _ in rows), *(span[1] for _, _, span in rows if span)])
    marks = []
    for place, (name, value, span) in enumerate(rows):
        y = 8 + 22 * place
        colour = _BLUE if span else _GREY
        marks.append(
            f"<text x=250 y={y + 13} text-anchor=end font-size=12>{escape(name)}</text>"
            f"<rect x=258 y={y} width={_n(380 * value / top)} height=16 fill='{colour}'/>"
            f"<text x={_n(264 + 380 * (span[1] if span else value) / top)} y={y + 13} font-size=12>{value:.1f}</text>"
        )
        if span:
            a, b = (258 + 380 * end / top for end in span)
            marks.append(f"<path d='M{_n(a)} {y + 8}H{_n(b)}' stroke='#000' stroke-width=2 opacity=.6 />")
    return _figure(title, 700, 16 + 22 * len(rows), "".join(marks))


def scale(item: Mapping[str, Any]) -> str:
    """A normalised score on its way from floor to ceiling."""
    if item["value"] is None:
        name = escape(item["name"])
        return f"<p class=alarm>{name}: no normalised score; true poses are read no better than floors</p>"
    low, high = item["interval"]

    def x(value: float) -> float:
        return 60 + 500 * min(1.1, max(-0.1, value))

    marks = (
        f"<path d='M60 30H560' stroke='{_GREY}' stroke-width=2 />"
        f"<path d='M{_n(x(low))} 30H{_n(x(high))}' stroke='{_BLUE}' stroke-width=8 opacity=.4 />"
        f"<circle cx={_n(x(item['value']))} cy=30 r=6 fill='{_BLUE}'/>"
        f"<text x=60 y=54 font-size=12 text-anchor=middle>0</text>"
        f"<text x=560 y=54 font-size=12 text-anchor=middle>1</text>"
        f"<text x={_n(x(item['value']))} y=18 font-size=13 text-anchor=middle>{item['value']:.2f}</text>"
    )
    title = (
        f"normalised {item['name']}: 0 is {item['floor_name']}, 1 is true poses; 95 % {low:.2f} to {high:.2f}"
    )
    return _figure(title, 640, 62, marks)


def waterfall(loss: Mapping[str, Any]) -> str:
    """What is lost on the way from true poses (1) to what is found in videos, step by step."""
    steps: list[tuple[str, float, float, Any]] = [("true poses", 1.0, 0.0, None)]
    left = 1.0
    for share in loss["shares"]:
        steps.append((share["loser"], left - share["value"], left, share["interval"]))
        left -= share["value"]
    steps.append(("found in videos", left, 0.0, None))
    low = min(0.0, *(min(top, bottom) for _, top, bottom, _ in steps))
    high = max(1.0, *(max(top, bottom) for _, top, bottom, _ in steps))

    def x(value: float) -> float:
        return 190 + 400 * (value - low) / (high - low)

    marks = [f"<path d='M{_n(x(0))} 4V{24 * len(steps) + 6}' stroke='{_GREY}' stroke-dasharray='3 3' />"]
    for place, (name, top, bottom, span) in enumerate(steps):
        y = 8 + 24 * place
        a, b = sorted((x(top), x(bottom)))
        colour = _BLUE if span is None else _RED if top <= bottom else _GREEN
        said = f"{top:.2f}" if span is None else f"{top - bottom:+.2f} ({-span[1]:+.2f} to {-span[0]:+.2f})"
        marks.append(
            f"<text x=182 y={y + 13} text-anchor=end font-size=12>{escape(name)}</text>"
            f"<rect x={_n(a)} y={y} width={_n(max(b - a, 1))} height=16 fill='{colour}'/>"
            f"<text x={_n(b + 6)} y={y + 13} font-size=12>{said}</text>"
        )
    title = f"{loss['measure']}: from true poses (1) to videos; 0 is the best floor"
    return _figure(title, 760, 16 + 24 * len(steps), "".join(marks))


def curve(title: str, labels: Sequence[str], values: Sequence[float]) -> str:
    """Values joined by lines, labelled below."""
    low, high = min(values), max(values)
    room = (high - low) or 1.0
    xs = np.linspace(30, 230, len(values))
    ys = [16 + 80 * (high - value) / room for value in values]
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in zip(xs, ys, strict=True))
    dots = "".join(
        f"<circle cx={_n(x)} cy={_n(y)} r=3 fill='{_BLUE}'/>"
        f"<text x={_n(x)} y={_n(y - 6)} font-size=9 text-anchor=middle>{value:.2f}</text>"
        f"<text x={_n(x)} y=118 font-size=9 text-anchor=middle>{escape(label.replace(' shoulder', ''))}</text>"
        for x, y, value, label in zip(xs, ys, values, labels, strict=True)
    )
    line = f"<polyline points='{points}' fill=none stroke='{_BLUE}' stroke-width=2 />"
    return _figure(title, 260, 126, line + dots)


def strip(title: str, poses: PoseSequence) -> str:
    """Evenly spaced frames as stick figures, all at one place and size."""
    try:
        frame = shoulder_frame(poses)
    except PoseError:
        return f"<p>{escape(title)}: shows no shoulders</p>"
    size = SIDE / (_VIEW * frame.width)
    paths = []
    for place, number in enumerate(np.linspace(0, len(poses) - 1, PICTURES).round().astype(int)):
        points = poses.keypoints[number]
        x = (points[:, 0] - frame.x) * size + SIDE * (place + 0.5)
        y = (points[:, 1] - frame.y) * size + SIDE * (0.5 - _BELOW / 2)
        seen = (points[:, 2] > 0) & (x > SIDE * place) & (x < SIDE * (place + 1))
        lines = [f"M{_n(x[a])} {_n(y[a])}L{_n(x[b])} {_n(y[b])}" for a, b in _LIMBS if seen[a] and seen[b]]
        paths.append("".join(lines))
    drawn = f"<path d='{''.join(paths)}' stroke='{_RED if title == 'system' else '#1b1f24'}' fill=none />"
    return _figure(f"{title}, {poses.seconds:.1f} s", SIDE * PICTURES, SIDE, drawn)


def _figure(title: str, width: int, height: int, marks: str) -> str:
    picture = f"<svg viewBox='0 0 {width} {height}' width={width} height={height} role=img>{marks}</svg>"
    return f"<figure><figcaption>{escape(title)}</figcaption>{picture}</figure>"


def _n(value: float) -> str:
    return f"{value:.1f}"
