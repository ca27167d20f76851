"""How long the samples of a data set are: a histogram that is counted row by row and drawn as SVG."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

LENGTHS = "lengths.svg"
# Width of a bin [s], and how many there are; longer samples fall into the last.
STEP, MOST = 0.5, 600
BARS = 24
WIDTH, HEIGHT, LEFT, TOP, LOW = 640, 200, 8, 24, 24
_INK, _BAR = "#6b7280", "#3b82f6"


@dataclass
class Lengths:
    """Counts of samples by duration.

    Attributes:
        counts: by number of the bin of `STEP` seconds.
    """

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Count a sample."""
        self.counts[min(int(seconds / STEP), MOST - 1)] += 1

    def quantile(self, share: float) -> float:
        """The duration [s] that this share of the samples does not reach, right to within `STEP`."""
        wanted, passed = share * sum(self.counts.values()), 0
        for number, count in sorted(self.counts.items()):
            passed += count
            if passed >= wanted:
                return (number + 1) * STEP
        return 0.0

    def bars(self) -> list[tuple[float, int]]:
        """Start [s] and count of at most `BARS` bars of equal width that hold every sample."""
        bins = max(self.counts, default=0) + 1
        wide = -(-bins // BARS)
        return [
            (first * STEP, sum(self.counts[number] for number in range(first, first + wide)))
            for first in range(0, bins, wide)
        ]

    def svg(self) -> str:
        """The histogram as a picture of its own."""
        bars = self.bars()
        tallest = max(1, *(count for _, count in bars)) if bars else 1
        wide, high = (WIDTH - 2 * LEFT) / max(1, len(bars)), HEIGHT - TOP - LOW
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif" font-size="11" fill="{_INK}" role="img">',
            f'<text x="{LEFT}" y="14">samples by length; the tallest bar: {tallest:,}</text>',
        ]
        every = max(1, len(bars) // 8)
        for place, (start, count) in enumerate(bars):
            tall = high * count / tallest
            x, y = LEFT + place * wide, TOP + high - tall
            lines.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" height="{tall:.1f}" fill="{_BAR}"/>'
            )
            if place % every == 0:
                lines.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}">{start:g} s</text>')
        return "\n".join([*lines, "</svg>", ""])
