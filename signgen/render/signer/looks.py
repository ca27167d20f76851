"""`Looks`: every colour and style of a signer written out, drawn from a seed or chosen by name."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError
from signgen.render.mesh.colour import to_linear
from signgen.render.mesh.model import Colour

# Skin from light to dark, after the middle of Fitzpatrick's types; eye and hair colours that go with them.
SKINS: dict[str, Colour] = {
    "porcelain": (0.94, 0.80, 0.73), "light": (0.90, 0.73, 0.63), "olive": (0.82, 0.64, 0.50),
    "tan": (0.73, 0.54, 0.41), "brown": (0.57, 0.39, 0.28), "dark": (0.41, 0.27, 0.19),
    "deep": (0.30, 0.195, 0.14),
}  # fmt: skip
HAIRS: dict[str, Colour] = {
    "black": (0.085, 0.07, 0.065), "dark-brown": (0.17, 0.115, 0.085), "brown": (0.29, 0.19, 0.125),
    "chestnut": (0.38, 0.21, 0.13), "auburn": (0.45, 0.21, 0.12), "blond": (0.72, 0.56, 0.35),
    "grey": (0.56, 0.55, 0.54), "white": (0.82, 0.81, 0.79),
}  # fmt: skip
EYES: dict[str, Colour] = {
    "brown": (0.30, 0.17, 0.09), "hazel": (0.42, 0.30, 0.14), "green": (0.32, 0.42, 0.26),
    "blue": (0.30, 0.45, 0.60), "grey": (0.45, 0.50, 0.54),
}  # fmt: skip
CLOTHES: dict[str, Colour] = {
    "navy": (0.10, 0.15, 0.28), "charcoal": (0.17, 0.18, 0.20), "teal": (0.07, 0.33, 0.36),
    "forest": (0.10, 0.27, 0.18), "burgundy": (0.36, 0.08, 0.14), "plum": (0.27, 0.13, 0.30),
    "sky": (0.55, 0.70, 0.84), "sage": (0.62, 0.70, 0.60), "cream": (0.90, 0.87, 0.79),
    "white": (0.92, 0.92, 0.92), "mustard": (0.80, 0.60, 0.20), "coral": (0.86, 0.45, 0.38),
}  # fmt: skip
BACKDROPS: dict[str, Colour] = {
    "grey": (0.62, 0.64, 0.67), "blue": (0.42, 0.54, 0.68), "warm": (0.76, 0.70, 0.63), "white": (0.93, 0.93, 0.93),
    "dark": (0.16, 0.17, 0.20), "green": (0.40, 0.55, 0.45),
}  # fmt: skip
# How much lighter or darker a shirt must be than the skin, as a contrast of luminances (WCAG 2).
LEAST_CONTRAST = 2.2


@dataclass(frozen=True)
class Looks:
    """What a signer looks like.

    Attributes:
        skin: sRGB in [0, 1].
        hair: style, a key of `signgen.render.signer.hair.STYLES`, or ``bald``.
        hair_colour: sRGB.
        eyes: sRGB of the irises.
        clothes: style, a key of `signgen.render.signer.clothes.CUTS`.
        clothes_colour: sRGB.
        beard: opacity of the stubble, 0 to 1.
        lips: how much redder than the skin the lips are, 0 to 1.
    """

    skin: Colour
    hair: str
    hair_colour: Colour
    eyes: Colour
    clothes: str
    clothes_colour: Colour
    beard: float = 0.0
    lips: float = 0.4


def colour(text: str, table: dict[str, Colour], what: str) -> Colour:
    """A named colour, or one as ``#rrggbb``.

    >>> colour("#ff8000", {}, "skin")
    (1.0, 0.5019607843137255, 0.0)
    """
    if text in table:
        return table[text]
    digits = text.removeprefix("#")
    if len(digits) == 6 and len(text) == 7 and set(digits.lower()) <= set("0123456789abcdef"):
        red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
        return red, green, blue
    raise ConfigError(f"{what}: expected #rrggbb or one of: {', '.join(table)}; got {text!r}")


def luminance(srgb: Colour) -> float:
    """Relative luminance, 0 to 1."""
    return float(to_linear(srgb) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours as WCAG 2 defines it, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable_clothes(looks: Looks) -> Colour:
    """The shirt's own colour if it stands out against the skin, or the one of `CLOTHES` that does most."""
    if contrast(looks.clothes_colour, looks.skin) >= LEAST_CONTRAST:
        return looks.clothes_colour
    return max(CLOTHES.values(), key=lambda shirt: contrast(shirt, looks.skin))


def made_up(seed: int, *, is_woman: bool, ancestry: str, is_old: bool) -> Looks:
    """Looks drawn from a seed that go with a body; no real person is involved."""
    rng = np.random.default_rng([seed, 71])
    low, high = {"african": (3, 7), "asian": (0, 4), "caucasian": (0, 3)}[ancestry]
    skin = _shaken(list(SKINS.values())[int(rng.integers(low, high))], rng)
    dark_hair = ancestry != "caucasian"
    hairs = ("black", "dark-brown") if dark_hair else ("dark-brown", "brown", "chestnut", "auburn", "blond")
    name = str(rng.choice(("grey", "white") if is_old else hairs))
    styles = ("bob", "long", "bun", "short") if is_woman else ("short", "buzz", "short")
    if ancestry == "african":
        styles = ("bun", "curly", "buzz") if is_woman else ("buzz", "curly", "buzz")
    shirts = [c for c in CLOTHES.values() if contrast(c, skin) >= LEAST_CONTRAST]
    eyes = ("brown",) if dark_hair else ("brown", "hazel", "green", "blue", "grey")
    return Looks(
        skin,
        str(rng.choice(styles)),
        _shaken(HAIRS[name], rng),
        EYES[str(rng.choice(eyes))],
        str(rng.choice(("t-shirt", "v-neck", "long-sleeve"))),
        shirts[int(rng.integers(len(shirts)))],
        0.0 if is_woman else float(rng.choice((0.0, 0.2, 0.45))),
        float(rng.uniform(0.35, 0.7)) if is_woman else 0.25,
    )


def _shaken(srgb: Colour, rng: np.random.Generator) -> Colour:
    hue, light, saturation = colorsys.rgb_to_hls(*srgb)
    light = float(np.clip(light * rng.uniform(0.95, 1.05), 0, 1))
    return colorsys.hls_to_rgb(
        hue + rng.uniform(-0.006, 0.006), light, min(saturation * rng.uniform(0.9, 1.1), 1)
    )
