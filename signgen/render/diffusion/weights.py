"""Where the weights of a renderer are: a path, a name in the index of checkpoints, or a hub with a pinned revision."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.config import did_you_mean
from signgen.data.checkpoints import (
    Checkpoint,
    built_in_folder,
    checkpoint_folder,
    find_checkpoint,
    hash_of,
    load_index,
)
from signgen.errors import CheckpointError
from signgen.nn.extra import need

EXTRA = "diffusion"
PACKAGES = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
KIND = "renderer"
_HUB = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)@(?P<revision>[\w.-]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_PAGE = re.compile(
    r"https://huggingface\.co/(?P<repo>[\w.-]+/[\w.-]+?)(?:/resolve/[^/]+/(?P<file>.+))?/?"
)
HASHED = (".safetensors", ".bin", ".pth", ".pt", ".ckpt")


@dataclass(frozen=True)
class Weights:
    """Weights that were found.

    Attributes:
        name: as the setting gives it, without folders.
        path: a file, or a folder with several.
        card: what the index says of them; None for weights of somebody's own.
        source: where they come from, empty if nobody says.
    """

    name: str
    path: Path
    card: Checkpoint | None
    source: str = ""

    def account(self) -> dict[str, Any]:
        """Name, hash, licence and source, for the sidecar."""
        licence = self.card.licence if self.card else ""
        return {
            "name": self.name,
            "sha256": fingerprint(self.path),
            "licence": licence,
            "source": self.source,
        }


def need_extra(renderer: str, *packages: str) -> None:
    """Raise unless the packages of the extra are here.

    Raises:
        DependencyError: one line with the command that installs them.
    """
    need(*(packages or PACKAGES), extra=EXTRA, what=f"the renderer {renderer}")


def find_all(settings: Sequence[str], renderer: str, *, download: bool = False) -> tuple[Weights, ...]:
    """`find_weights` for all the weights that a renderer needs, with one line for all that are missing."""
    cards = [load_index().get(setting) for setting in settings]
    missing = [card for card in cards if card is not None and missing_files(card, place_of(card))]
    if missing and not download:
        raise _not_here(missing, renderer)
    return tuple(find_weights(setting, renderer, download=download) for setting in settings)


def find_weights(setting: str, renderer: str, *, download: bool = False) -> Weights:
    """The weights that a setting means.

    Args:
        setting: a name in the index, a path, or ``owner/name@revision`` of a hub, where the revision is a commit.
        renderer: who asks.
        download: get them from their hub if they are not here.

    Raises:
        CheckpointError: they are not here, or not the ones that the index knows; says how to get them.
    """
    if not setting:
        raise CheckpointError(
            f"the renderer {renderer} needs weights; give their path or a name in `signgen show checkpoints`"
        )
    card = load_index().get(setting)
    if card is not None:
        return _by_card(card, renderer, download)
    hub = _HUB.fullmatch(setting)
    if hub is not None and not Path(setting).expanduser().exists():
        return _by_hub(setting, hub["repo"], hub["revision"], renderer, download)
    path = Path(setting).expanduser()
    if path.exists():
        return Weights(path.name, path, None)
    if "/" in setting or path.suffix:
        raise CheckpointError(
            f"{path}: no such file or folder; give the path of the weights of {renderer}, "
            "a name in `signgen show checkpoints`, or OWNER/NAME@COMMIT"
        )
    raise CheckpointError(f"no weights called {setting!r}{did_you_mean(setting, _names())}")


def missing_files(card: Checkpoint, path: Path) -> tuple[str, ...]:
    """What a file or folder lacks of what its card lists."""
    if not card.files:
        return () if path.is_file() else (card.file,)
    return tuple(name for name in card.files if not any(path.glob(name)))


def fetch_command(card: Checkpoint) -> str:
    """The command that puts the weights of a card where they are looked for."""
    page, place = _HUB_PAGE.fullmatch(card.source), place_of(card)
    if page is not None:
        names = (page["file"],) if page["file"] else card.files or ()
        return _hub_command(page["repo"], card.revision, names, place if card.files else place.parent)
    if not card.source.startswith("https://"):
        return f"sh {shlex.quote(card.source)}"  # our own are made by their recipe
    file, source = shlex.quote(str(place)), shlex.quote(card.source)
    if not card.source.endswith(".zip"):
        return f"curl -L --create-dirs -o {file} {source}"
    packed = shlex.quote(f"{place}.zip")
    return f"curl -L --create-dirs -o {packed} {source} && unzip -p {packed} '*end2end.onnx' > {file}"


def fingerprint(path: Path) -> str:
    """SHA-256 of a file of weights, or of the names and hashes of those in a folder."""
    if path.is_file():
        return hash_of(path)
    files = sorted(file for file in path.rglob("*") if file.suffix in HASHED and file.is_file())
    rows = "".join(f"{hash_of(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return hashlib.sha256(rows.encode()).hexdigest()


def _by_card(card: Checkpoint, renderer: str, download: bool) -> Weights:
    path = place_of(card)
    if missing_files(card, path) and download:
        _download_card(card, renderer)
    if missing_files(card, path):
        raise _not_here([card], renderer)
    if not card.files:
        find_checkpoint(card.name)  # checks size and hash
    return Weights(card.name, path, card, card.source)


def _not_here(cards: Sequence[Checkpoint], renderer: str) -> CheckpointError:
    places = ", ".join(str(place_of(card)) for card in cards)
    names = " and ".join(card.name for card in cards)
    commands = " && ".join(map(fetch_command, cards))
    return CheckpointError(
        f"{places}: the weights {names} of the renderer {renderer} are missing; run: {commands}"
    )


def _by_hub(setting: str, repo: str, revision: str, renderer: str, download: bool) -> Weights:
    if not _COMMIT.fullmatch(revision):
        raise CheckpointError(
            f"{setting}: {revision!r} can change under your feet; give the commit, 40 digits from 0 to f, "
            f"as the page of {repo} lists it"
        )
    path = checkpoint_folder() / f"{repo.replace('/', '--')}@{revision[:12]}"
    if not path.is_dir() and download:
        # A folder of that name is a whole one: what a stopped download left has another.
        part = path.with_name(f"{path.name}.part")
        _download(repo, revision, (), part, renderer)
        part.rename(path)
    if not path.is_dir():
        command = _hub_command(repo, revision, (), path)
        raise CheckpointError(f"{path}: the weights of {renderer} are not here; run: {command}")
    return Weights(setting, path, None, f"https://huggingface.co/{repo}@{revision}")


def _download_card(card: Checkpoint, renderer: str) -> None:
    page = _HUB_PAGE.fullmatch(card.source)
    if page is None or card.revision is None:
        raise CheckpointError(
            f"{card.name}: no pinned revision of it is known, so it is not downloaded; run: {fetch_command(card)}"
        )
    names = (page["file"],) if page["file"] else card.files or ()
    _download(
        page["repo"], card.revision, names, place_of(card) if card.files else place_of(card).parent, renderer
    )


def _download(repo: str, revision: str, names: Sequence[str], folder: Path, renderer: str) -> None:
    """Get files of a commit from a hub into a folder; a stopped download goes on where it was."""
    need_extra(renderer, "huggingface_hub")
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(repo, revision=revision, allow_patterns=list(names) or None, local_dir=folder)
    except Exception as error:  # of the network, of the hub, of the disk: all end here
        reason = str(error).strip().split("\n")[0]
        raise CheckpointError(
            f"{repo}@{revision[:12]}: cannot be downloaded ({reason}); run: "
            f"{_hub_command(repo, revision, names, folder)}"
        ) from None


def _hub_command(repo: str, revision: str | None, names: Sequence[str], folder: Path) -> str:
    pinned = f" --revision {revision}" if revision else ""
    flag = " --include" if any("*" in name for name in names) else ""
    wanted = flag + "".join(f" {shlex.quote(name)}" for name in names)
    return f"hf download {repo}{wanted}{pinned} --local-dir {shlex.quote(str(folder))}"


def place_of(card: Checkpoint) -> Path:
    """The file or folder where the weights of a card are looked for."""
    built_in = built_in_folder(card.file)
    return built_in if built_in.is_dir() else checkpoint_folder() / card.file


def _names() -> list[str]:
    return [name for name, card in load_index().items() if card.kind == KIND]
