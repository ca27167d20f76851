"""The judges at hand: built-in ones and those in the folder of checkpoints, for people to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from signgen.data.checkpoints import built_in_folder, checkpoint_folder
from signgen.errors import CheckpointError
from signgen.workflow.judges import BUILT_IN, judge_folders

if TYPE_CHECKING:
    from signgen.slt.card import Card

Row = tuple[str, ...]


def list_judges() -> list[Row]:
    """A line for each name that `--judge` takes, a header first."""
    header = ("name", "where", "members", "architecture", "fps", "languages", "dev BLEU", "size")
    return [header, *(_summary(name, folder) for name, folder in _names().items())]


def describe_judge(spec: str) -> list[Row]:
    """A line for each member of a judge, a header first.

    Raises:
        CheckpointError: no such judge, or a damaged one.
    """
    header = (
        "member", "model", "fps", "languages", "extractors", "training clips", "seed", "dev BLEU", "dev gloss WER",
        "dev log-likelihood", "size",
    )  # fmt: skip
    rows: list[Row] = [header]
    for place in map(_place, judge_folders(spec)):
        card = _card(place)
        dev = [_figure(card.dev.get(key)) for key in ("bleu", "gloss_errors", "log_likelihood")]
        name = (place.parent if place.name == "best" else place).name
        rows.append(
            (name, card.shape, f"{card.fps:g}", _languages([card]), " ".join(card.extractors) or "not said",
             str(card.training_clips), str(card.seed), *dev, _size([place]))
        )  # fmt: skip
    return rows


def _names() -> dict[str, Path]:
    """Name -> its folder; what is in the folder of checkpoints goes before what is built in."""
    own = checkpoint_folder()
    built_in = {name: built_in_folder(name) for name in sorted(BUILT_IN.values())}
    folders = sorted(own.iterdir()) if own.is_dir() else []
    mine = {path.name: path for path in folders if path.is_dir() and _is_judge(path)}
    return {name: folder for name, folder in built_in.items() if folder.is_dir()} | mine


def _is_judge(folder: Path) -> bool:
    from signgen.slt.card import WEIGHTS

    patterns = (WEIGHTS, f"best/{WEIGHTS}", f"*/{WEIGHTS}", f"*/best/{WEIGHTS}")
    return any(next(folder.glob(pattern), None) for pattern in patterns)


def _summary(name: str, folder: Path) -> Row:
    where = "built in" if folder == built_in_folder(name) else str(folder)
    try:
        places = [_place(member) for member in judge_folders(str(folder))]
        cards = [_card(place) for place in places]
    except CheckpointError as error:
        return (name, where, "-", "damaged", "-", "-", "-", str(error))
    scores = [card.dev.get("bleu") or 0.0 for card in cards]
    ends = dict.fromkeys(map(_figure, (min(scores), max(scores))))
    architectures = ", ".join(dict.fromkeys(card.architecture for card in cards))
    rates = ", ".join(dict.fromkeys(f"{card.fps:g}" for card in cards))
    return (
        name,
        where,
        str(len(cards)),
        architectures,
        rates,
        _languages(cards),
        " to ".join(ends),
        _size(places),
    )


def _place(folder: Path) -> Path:
    """Where the weights of a training lie."""
    from signgen.slt.card import WEIGHTS

    return folder if (folder / WEIGHTS).is_file() else folder / "best"


def _card(place: Path) -> Card:
    from signgen.slt.card import load_weights

    return load_weights(place)[1]


def _languages(cards: list[Card]) -> str:
    """Signed and spoken ones, as far as the training clips said."""
    signed, spoken = (
        " ".join(sorted({code for card in cards for code in getattr(card, f"{kind}_languages")}))
        for kind in ("signed", "spoken")
    )
    return f"{signed or 'not said'} to {spoken or 'not said'}"


def _figure(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "-"


def _size(places: list[Path]) -> str:
    from signgen.slt.card import WEIGHTS

    return f"{sum((place / WEIGHTS).stat().st_size for place in places) / 1e6:.1f} MB"
