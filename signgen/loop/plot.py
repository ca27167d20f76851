"""The picture of a loop: BLEU-4 of each schedule, with its interval and its seeds, for light and dark pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from signgen.loop.compare import BLEU
from signgen.loop.schedules import ABOUT, BASE, CONTROL, LOOP

WIDTH, ROW, TOP, LEFT, RIGHT = 760, 58, 64, 24, 70
_BAR = 18
# Colours that keep their meaning on white and on black: what is claimed, what it is compared with, the control.
_STYLE = """
.bg{fill:#fff}.ink{fill:#1f2328}.soft{fill:#59636e}.grid{stroke:#d1d9e0}.whisker{stroke:#1f2328}
.dot{fill:#fff;stroke:#1f2328}.loop{fill:#1f6feb}.base{fill:#8c959f}.control{fill:#bf8700}.other{fill:#80aef5}
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif}.name{font-weight:600}
.title{font-size:17px;font-weight:600}
@media(prefers-color-scheme:dark){.bg{fill:#0d1117}.ink{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}
.whisker{stroke:#f0f6fc}.dot{fill:#0d1117;stroke:#f0f6fc}.base{fill:#656c76}.loop{fill:#388bfd}.other{fill:#2b5ea8}
.control{fill:#d29922}}
"""
_KIND = {LOOP: "loop", BASE: "base", CONTROL: "control"}


def picture(compared: Mapping[str, Any], title: str) -> str:
    """An SVG that needs nothing else.

    Args:
        compared: as `signgen.loop.compare.Compared`, made plain.
        title: above it.
    """
    lines: Sequence[Mapping[str, Any]] = compared["lines"]
    height = TOP + ROW * len(lines) + 34
    values = [each["value"] for line in lines for each in line["bleu"]]
    values += [line["pooled"][BLEU]["interval"][1] for line in lines]
    step = _step(max([*values, 1.0]))
    top = step * (int(max([*values, 1.0]) / step) + 1)
    scale = (WIDTH - LEFT - RIGHT) / top
    said = (
        f"BLEU-4 of {compared['clips']} held-out clips; bar and 95 % interval: {_seeds(compared)} pooled; "
        "ring: one seed"
    )
    marks = [
        f"<rect class=bg width={WIDTH} height={height} rx=8 />",
        f"<text class='ink title' x={LEFT} y=28>{escape(title)}</text>",
        f"<text class=soft x={LEFT} y=48>{escape(said)}</text>",
        *_grid(top, step, scale, height),
        *(mark for place, line in enumerate(lines) for mark in _row(line, TOP + ROW * place, scale)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img"><title>{escape(title)}</title><style>{_STYLE}</style>{"".join(map(_quoted, marks))}</svg>\n'
    )


def _seeds(compared: Mapping[str, Any]) -> str:
    count = len(compared["seeds"])
    return f"{count} seed{'s' * (count != 1)}"


def _row(line: Mapping[str, Any], y: int, scale: float) -> list[str]:
    name, pooled = line["schedule"], line["pooled"][BLEU]
    value, (low, high) = pooled["value"], pooled["interval"]
    middle, bar = y + 30 + _BAR / 2, y + 30
    a, b = LEFT + scale * low, LEFT + scale * high
    dots = [
        f"<circle class=dot cx={_n(LEFT + scale * each['value'])} cy={_n(middle)} r=3.5 />"
        for each in line["bleu"]
    ]
    end = max([b, *(LEFT + scale * each["value"] for each in line["bleu"])]) + 10
    return [
        f"<text class='ink name' x={LEFT} y={y + 23}>{escape(name)}<tspan class=soft font-weight=400 dx=8>"
        f"{escape(ABOUT.get(name, ''))}</tspan></text>",
        f"<rect class={_KIND.get(name, 'other')} x={LEFT} y={bar} width={_n(scale * value)} height={_BAR} rx=3 />",
        f"<path class=whisker stroke-width=1.6 d='M{_n(a)} {_n(middle)}H{_n(b)}M{_n(a)} {_n(middle - 5)}v10"
        f"M{_n(b)} {_n(middle - 5)}v10' fill=none />",
        *dots,
        f"<text class='ink name' x={_n(end)} y={_n(middle + 4.5)}>{value:.1f}</text>",
    ]


def _grid(top: float, step: float, scale: float, height: int) -> list[str]:
    marks = []
    for number in range(round(top / step) + 1):
        x = _n(LEFT + scale * step * number)
        marks.append(f"<path class=grid d='M{x} {TOP}V{height - 26}' fill=none />")
        marks.append(f"<text class=soft x={x} y={height - 10} text-anchor=middle>{step * number:g}</text>")
    return marks


def _step(top: float) -> float:
    """A round distance of lines, for at most eight of them."""
    return next(step for step in (0.25, 0.5, 1, 2, 5, 10, 20) if top / step <= 8)


def _quoted(mark: str) -> str:
    """A mark as XML wants it: every value of an attribute in quotes, for an SVG also stands alone in a file."""
    return re.sub(r"([\w-]+)=([^\s'\"<>/]+)(?=[\s/>])", r'\1="\2"', mark)


def _n(value: float) -> str:
    return f"{value:.1f}"
