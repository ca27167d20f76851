"""`Appearance`: the settings of a signer's looks, of what stands behind and of the view."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from annotated_types import Ge, Le

from signgen.config import setting

if TYPE_CHECKING:
    from signgen.body.asset import Identity
    from signgen.render.mesh.model import Colour
    from signgen.render.signer.looks import Looks

Hair: TypeAlias = Literal["bald", "buzz", "short", "curly", "bun", "bob", "long"]
Clothes: TypeAlias = Literal["t-shirt", "v-neck", "long-sleeve"]
Angle = Annotated[float, Ge(-60), Le(60)]


@dataclass(frozen=True)
class Appearance:
    """What the avatar looks like. No real person is involved: bodies are mixed from sculpted ones."""

    signer: str = setting(
        "ada", "ada, bola, chen, dara, emil or farah; or seed:N for a made-up signer, N from 0 to 4294967295"
    )
    skin: str | None = setting(
        None, "porcelain, light, olive, tan, brown, dark, deep or #rrggbb; default: the signer's own"
    )
    hair: Hair | None = setting(None, "hair style; default: the signer's own")
    hair_colour: str | None = setting(
        None, "black, dark-brown, brown, chestnut, auburn, blond, grey, white or #rrggbb"
    )
    eyes: str | None = setting(None, "brown, hazel, green, blue, grey or #rrggbb")
    clothes: Clothes | None = setting(None, "shirt; default: the signer's own")
    clothes_colour: str | None = setting(
        None, "navy, charcoal, teal, cream, ... or #rrggbb; default: contrasts with the skin"
    )
    background: str = setting(
        "grey",
        "grey, blue, warm, white, dark, green or #rrggbb; or the path of a PNG, JPEG, WebP or BMP picture",
    )
    background_sha256: str | None = setting(
        None, "what the picture must be, as sidecars record it; default: any"
    )
    backdrop: Literal["gradient", "plain"] = setting("gradient", "how a background colour is laid")
    light: Literal["studio", "soft", "side"] = setting("studio", "how the signer is lit")
    framing: Literal["head", "canvas"] = setting(
        "head", "zoom out where the head would leave the picture, or keep the poses' canvas"
    )
    yaw: Angle = setting(0.0, "camera to the right of the picture [degrees]")
    pitch: Angle = setting(0.0, "camera upwards [degrees]")
    zoom: Annotated[float, Ge(0.25), Le(4)] = setting(1.0, "larger shows less and larger")
    distance: Annotated[float, Ge(0), Le(100)] = setting(
        0.0, "camera to signer [m]; 0: far away, without perspective"
    )
    left_handed: bool = setting(
        False, "swap what the hands do, not how the signer looks; for poses of a right-handed signer"
    )

    def __post_init__(self) -> None:
        """Check what needs more than a type, and pin a background picture by its place and fingerprint."""
        from signgen.render.signer.backdrop import is_colour

        person_of(self.signer)
        _colours(self)
        if is_colour(self.background):
            return
        object.__setattr__(self, "background_sha256", _fingerprint(self.background, self.background_sha256))
        object.__setattr__(self, "background", str(Path(self.background).absolute()))


# Named signers: weights of the body's components, and looks by name.
_SIGNERS: dict[str, tuple[dict[str, float], tuple[str, str, str, str, str, str], float, float]] = {
    "ada": ({"woman_young_average": 0.6, "woman_young_slim": 0.4, "caucasian": 0.6, "eye_size": 0.2},
            ("light", "bob", "dark-brown", "green", "t-shirt", "navy"), 0.0, 0.55),
    "bola": ({"man_young_strong": 0.5, "man_young_average": 0.5, "african": 0.9},
             ("dark", "buzz", "black", "brown", "t-shirt", "cream"), 0.25, 0.2),
    "chen": ({"man_young_average": 0.7, "man_young_slim": 0.3, "asian": 0.9, "chin_width": 0.1},
             ("olive", "short", "black", "brown", "long-sleeve", "burgundy"), 0.0, 0.25),
    "dara": ({"woman_young_average": 0.8, "woman_young_heavy": 0.2, "african": 0.7, "lip_fullness": 0.3},
             ("deep", "bun", "black", "brown", "v-neck", "mustard"), 0.0, 0.5),
    "emil": ({"man_old_average": 0.8, "man_old_slim": 0.2, "caucasian": 0.8, "nose_length": 0.2},
             ("porcelain", "short", "grey", "blue", "v-neck", "forest"), 0.3, 0.2),
    "farah": ({"woman_old_average": 0.5, "woman_young_average": 0.5, "asian": 0.3, "caucasian": 0.4},
              ("tan", "long", "dark-brown", "brown", "long-sleeve", "plum"), 0.0, 0.5),
}  # fmt: skip
SIGNERS = tuple(_SIGNERS)


def person_of(signer: str) -> str | int:
    """The name or the seed that a ``signer`` stands for.

    Raises:
        ConfigError: neither.
    """
    from signgen.config import did_you_mean
    from signgen.errors import ConfigError

    if signer in _SIGNERS:
        return signer
    prefix, _, digits = signer.partition(":")
    if prefix == "seed" and digits.isascii() and digits.isdigit() and len(digits) <= 10:
        seed = int(digits)
        if seed < 1 << 32:
            return seed
    raise ConfigError(
        f"renderer.signer: no signer called {signer!r}{did_you_mean(signer, [*SIGNERS, 'seed:7'])}"
    )


def who(appearance: Appearance) -> tuple[Identity, Looks]:
    """The body and the looks that settings ask for."""
    from signgen.body.asset import Identity
    from signgen.render.signer import looks as table

    chosen = person_of(appearance.signer)
    if isinstance(chosen, int):
        person = Identity.from_seed(chosen)
        return person, _changed(_made_up(chosen, person), appearance)
    weights, (skin, hair, hair_colour, eyes, clothes, shirt), beard, lips = _SIGNERS[chosen]
    own = table.Looks(
        table.SKINS[skin], hair, table.HAIRS[hair_colour], table.EYES[eyes], clothes, table.CLOTHES[shirt],
        beard, lips,
    )  # fmt: skip
    return Identity(weights), _changed(own, appearance)


def _fingerprint(background: str, expected: str | None) -> str:
    """SHA-256 of a background picture, which must be the expected one."""
    from signgen.errors import ConfigError, DataError
    from signgen.render.signer.backdrop import fingerprint
    from signgen.render.signer.looks import BACKDROPS

    path = Path(background)
    if expected is None and not path.exists():
        raise ConfigError(
            f"renderer.background: {background!r} is neither a picture file nor #rrggbb nor one of: "
            f"{', '.join(BACKDROPS)}"
        )
    found = fingerprint(path)
    if expected not in (None, found):
        raise DataError(f"{path}: has changed since the run; put the picture of that run back")
    return found


def _made_up(seed: int, person: Identity) -> Looks:
    from signgen.render.signer.looks import made_up

    weights = person.weights
    ancestry = max(("african", "asian", "caucasian"), key=lambda name: weights.get(name, 0.0))
    leading = max(
        (name for name in weights if name.startswith(("woman_", "man_"))), key=lambda name: weights[name]
    )
    return made_up(seed, is_woman=leading.startswith("woman_"), ancestry=ancestry, is_old="_old_" in leading)


def _colours(appearance: Appearance) -> dict[str, Colour]:
    """The colours that differ from the signer's own.

    Raises:
        ConfigError: a colour that is none.
    """
    from signgen.render.signer import looks as table

    named = {
        "skin": table.SKINS,
        "hair_colour": table.HAIRS,
        "eyes": table.EYES,
        "clothes_colour": table.CLOTHES,
    }
    texts = {name: getattr(appearance, name) for name in named}
    if appearance.background.startswith("#"):
        table.colour(appearance.background, table.BACKDROPS, "renderer.background")
    return {
        name: table.colour(text, named[name], f"renderer.{name}")
        for name, text in texts.items()
        if text is not None
    }


def _changed(own: Looks, appearance: Appearance) -> Looks:
    from signgen.render.signer import looks as table

    colours = _colours(appearance)
    hair, clothes = appearance.hair or own.hair, appearance.clothes or own.clothes
    changed = dataclasses.replace(own, hair=hair, clothes=clothes, **colours)  # type: ignore[arg-type]
    if "skin" in colours and "clothes_colour" not in colours:
        changed = dataclasses.replace(changed, clothes_colour=table.readable_clothes(changed))
    return changed
