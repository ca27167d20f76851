"""`Appearance`: the settings of a signer's looks, of what stands behind and of the view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from annotated_types import Ge, Le

from signgen.config import setting

if TYPE_CHECKING:
    from signgen.body.asset import Identity
    from signgen.render.signer.looks import Looks

Signer: TypeAlias = Literal["ada", "bola", "chen", "dara", "emil", "farah"]
Hair: TypeAlias = Literal["bald", "buzz", "short", "curly", "bun", "bob", "long"]
Clothes: TypeAlias = Literal["t-shirt", "v-neck", "long-sleeve"]
Angle = Annotated[float, Ge(-60), Le(60)]


@dataclass(frozen=True)
class Appearance:
    """What the avatar looks like. No real person is involved: bodies are mixed from sculpted ones."""

    signer: Signer | None = setting(None, "a named signer; default: ada, unless identity is given")
    identity: Annotated[int, Ge(0), Le(2**32 - 1)] | None = setting(None, "seed of a made-up signer instead")
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
    backdrop: Literal["gradient", "plain", "picture"] = setting("gradient", "what stands behind the signer")
    background: str | None = setting(
        None, "grey, blue, warm, white, dark, green or #rrggbb; the path of a picture for backdrop=picture"
    )
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


def who(appearance: Appearance) -> tuple[Identity, Looks]:
    """The body and the looks that settings ask for.

    Args:
        appearance: the settings.

    Raises:
        ConfigError: a colour that is not one, or both a signer and an identity.
    """
    from signgen.body.asset import Identity
    from signgen.errors import ConfigError
    from signgen.render.signer import looks as table

    if appearance.signer is not None and appearance.identity is not None:
        raise ConfigError("renderer.signer: give a named signer or an identity, not both")
    if appearance.identity is None:
        weights, (skin, hair, hair_colour, eyes, clothes, shirt), beard, lips = _SIGNERS[
            appearance.signer or "ada"
        ]
        person = Identity(weights)
        own = table.Looks(
            table.SKINS[skin], hair, table.HAIRS[hair_colour], table.EYES[eyes], clothes, table.CLOTHES[shirt],
            beard, lips,
        )  # fmt: skip
    else:
        person = Identity.from_seed(appearance.identity)
        own = _made_up(appearance.identity, person)
    return person, _changed(own, appearance)


def _made_up(seed: int, person: Identity) -> Looks:
    from signgen.render.signer.looks import made_up

    weights = person.weights
    ancestry = max(("african", "asian", "caucasian"), key=lambda name: weights.get(name, 0.0))
    leading = max(
        (name for name in weights if name.startswith(("woman_", "man_"))), key=lambda name: weights[name]
    )
    return made_up(seed, is_woman=leading.startswith("woman_"), ancestry=ancestry, is_old="_old_" in leading)


def _changed(own: Looks, appearance: Appearance) -> Looks:
    import dataclasses

    from signgen.render.signer import looks as table

    changes: dict[str, object] = {}
    for name, colours in (
        ("skin", table.SKINS), ("hair_colour", table.HAIRS), ("eyes", table.EYES), ("clothes_colour", table.CLOTHES),
    ):  # fmt: skip
        text = getattr(appearance, name)
        if text is not None:
            changes[name] = table.colour(text, colours, f"renderer.{name}")
    for name in ("hair", "clothes"):
        if getattr(appearance, name) is not None:
            changes[name] = getattr(appearance, name)
    changed = dataclasses.replace(own, **changes)  # type: ignore[arg-type]
    if "skin" in changes and "clothes_colour" not in changes:
        changed = dataclasses.replace(changed, clothes_colour=table.readable_clothes(changed))
    return changed
