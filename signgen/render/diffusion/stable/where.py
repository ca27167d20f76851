"""Which weights a clip is drawn with, and where their parts lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from signgen.data.checkpoints import Checkpoint, load_index
from signgen.errors import CheckpointError
from signgen.render.diffusion.card import check_profile
from signgen.render.diffusion.stable.parts import Folders
from signgen.render.diffusion.stable.settings import StableSettings
from signgen.render.diffusion.weights import Weights, find_all

ENCODER = "image_encoder"
USUAL_PROFILE = "controlnet"


@dataclass(frozen=True)
class Found:
    """The weights of a renderer.

    Attributes:
        folders: where their parts lie.
        weights: in the order of the settings, for the sidecar.
        profile: the drawing of poses that the ControlNet reads.
    """

    folders: Folders
    weights: tuple[Weights, ...]
    profile: str

    @property
    def card(self) -> Checkpoint | None:
        """Of the base, if it is a published one."""
        return self.weights[0].card

    @property
    def motion_card(self) -> Checkpoint | None:
        """Of the motion adapter, likewise."""
        return self.weights[2].card if self.folders.motion is not None else None


def find(settings: StableSettings, renderer: str, motion: str | None, *, with_look: bool) -> Found:
    """The weights that settings name, all checked to be here.

    Args:
        settings: of the renderer.
        renderer: its name, for errors.
        motion: the motion adapter, for one that has it.
        with_look: an appearance is there for the IP-Adapter.

    Raises:
        CheckpointError: weights that are not here, with the command that gets them.
        ConfigError: the ControlNet reads another drawing of poses than the one asked for.
    """
    looks = [settings.adapter] if with_look and settings.adapter else []
    names = [settings.weights, settings.controlnet, *([motion] if motion is not None else []), *looks]
    weights = find_all(names, renderer, download=settings.download)
    by_name = dict(
        zip(("base", "controlnet", *(["motion"] if motion is not None else [])), weights, strict=False)
    )
    adapter = _adapter(weights[-1].path) if looks else None
    folders = Folders(
        by_name["base"].path,
        by_name["controlnet"].path,
        by_name["motion"].path if motion is not None else None,
        adapter,
        _encoder(settings, adapter),
    )
    return Found(folders, weights, _profile(settings, by_name["controlnet"]))


def stand_in(name: str, card: Checkpoint | None, **what: object) -> Checkpoint:
    """The card of weights; for somebody's own that of published ones, with what their networks tell of themselves."""
    if card is not None:
        return card
    return replace(load_index()["sd-1.5"], name=name, **what)  # type: ignore[arg-type]


def _profile(settings: StableSettings, controlnet: Weights) -> str:
    """The drawing that the ControlNet was trained with: its card says, or of one's own the setting."""
    asked = settings.profile
    trained = controlnet.card.profile if controlnet.card is not None else None
    return check_profile(asked, trained or asked or USUAL_PROFILE, controlnet.name)


def _adapter(path: Path) -> Path:
    """The file of an adapter, which stands beside those of its picture encoder."""
    if path.is_file():
        return path
    files = sorted(file for file in path.rglob("*.safetensors") if file.parent.name != ENCODER)
    if len(files) != 1:
        raise CheckpointError(
            f"{path}: {len(files)} files that could be an IP-Adapter; set renderer.adapter to one .safetensors"
        )
    return files[0]


def _encoder(settings: StableSettings, adapter: Path | None) -> Path | None:
    if adapter is None:
        return None
    return Path(settings.encoder).expanduser() if settings.encoder else adapter.parent / ENCODER
