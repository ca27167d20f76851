"""``signgen dataset``: corpora to data sets of poses."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.codes import DAMAGE, INCOMPLETE, STOPPED
from signgen.cli.flags import Flag, configured
from signgen.cli.table import print_columns, print_facts, print_json
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.dataset.build import Built
    from signgen.dataset.stats import Figures, Stats
    from signgen.dataset.status import Status

app = typer.Typer(
    help="Build data sets of poses from corpora, check them and look at them.", no_args_is_help=True
)

MADE, RUNNING = "What is made", "How it runs"
BUILD = (
    Flag("--extractor", str, ("extractor.name",), "What finds people; see `signgen show extractors`.", "mediapipe",
         MADE),
    Flag("--all-people/--signer-only", bool, ("all_people",), "Keep everybody in the picture.", "all-people", MADE),
    Flag("--clean/--no-clean", bool, ("clean",), "Mend the poses that are found.", "clean", MADE),
    Flag("--columnar/--no-columnar", bool, ("columnar",), "Write columns for training beside each tar.", "columnar",
         MADE),
    Flag("--shard-videos", int, ("shard_videos",), "Videos in a shard.", "500", MADE),
)  # fmt: skip


class Stage(StrEnum):
    """What `signgen dataset build` does, in this order."""

    captions = "captions"
    poses = "poses"
    shards = "shards"


Folder = Annotated[Path, typer.Argument(help="Folder of the data set.")]


@app.command()
@configured()
def manifest(
    corpus: Annotated[str, typer.Argument(help="Layout; see `signgen show corpora`.")],
    root: Annotated[Path, typer.Argument(help="Folder of the corpus, or its file where the layout is one.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="The manifest, .jsonl.", show_default=False)],
    settings: dict[str, Any],
    unpacked: Annotated[
        Path | None,
        typer.Option(
            "--unpacked",
            help="Folder for recordings that the corpus keeps many in a file (default: beside the manifest).",
            show_default=False,
        ),
    ] = None,
    force: o.Force = False,
) -> int:
    """List the videos of a corpus with their texts, splits, signers and licences, one line of JSON each.

    --set and --config hold the settings of the layout: `signgen show corpora NAME` lists them.
    """
    from signgen.dataset.corpora.base import corpora
    from signgen.dataset.manifest import write_manifest
    from signgen.workflow.outputs import refuse_existing

    refuse_existing((output,), force)
    place = unpacked or output.with_name(f"{output.stem}_recordings")
    count = write_manifest(corpora.build({**settings, "name": corpus})(root, place), output)
    say(f"{count} samples")
    typer.echo(str(output))
    return 0


@app.command()
@configured(*BUILD)
def build(
    manifest: Annotated[Path, typer.Argument(help="Manifest, from `signgen dataset manifest` or your own.")],
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the data set.", show_default=False)
    ],
    settings: dict[str, Any],
    stage: Annotated[
        list[Stage] | None,
        typer.Option(
            "--stage", help="Do this stage alone; repeatable.", rich_help_panel=RUNNING, show_default=False
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Processes; 0: in this one.", rich_help_panel=RUNNING)
    ] = 1,
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=0.1, help="Seconds for one video.", rich_help_panel=RUNNING)
    ] = 3600.0,
    retry: Annotated[
        bool, typer.Option("--retry", help="Do rejected videos again.", rich_help_panel=RUNNING)
    ] = False,
    fetch_command: Annotated[
        str,
        typer.Option(
            "--fetch-command",
            help="Your command for videos that are not at hand, with {video_id} and {output}; run without a shell.",
            rich_help_panel=RUNNING,
            show_default=False,
        ),
    ] = "",
    check_inputs: Annotated[
        bool,
        typer.Option("--check-inputs", help="Compare inputs by hash, not by size.", rich_help_panel=RUNNING),
    ] = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Build a data set in the layout of SignVerse-2M, or go on with one: captions, poses, shards.

    What is done and still fits is kept; run the same command again after any stop. Several builders may share a folder.
    """
    from signgen.dataset.build import ALL_STAGES, build_dataset

    stages = [item.value for item in stage] if stage else ALL_STAGES
    with telling(progress, quiet, verbose) as show:
        built = build_dataset(
            manifest, output, settings, stages=stages, workers=workers, time_limit=time_limit, retry=retry,
            fetch_command=fetch_command, check_inputs=check_inputs, progress=show,
        )  # fmt: skip
    for line in _account(built, quiet):
        say(line)
    if built.packed is not None:
        typer.echo(str(built.folder))
    return _code(built)


@app.command()
def verify(
    folder: Folder,
    repair: Annotated[
        bool, typer.Option("--repair", help="Forget what is damaged, so that the next build makes it anew.")
    ] = False,
    as_json: o.Json = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Compare every file with its SHA-256 and report what is damaged, missing or not listed."""
    from signgen.dataset.verify import forget, verify_dataset

    with telling(progress, quiet, verbose) as show:
        found = verify_dataset(folder, progress=show)
    if as_json:
        print_json(found)
    else:
        print_columns([(item.name, item.what) for item in found.damage])
    unfinished = "" if found.is_finished else "; it is not built to its end"
    say(f"{found.files} files: {len(found.damage)} damaged{unfinished}")
    if repair and found.damage:
        names = forget(folder, found.damage)
        say(f"to be made anew by the next build: {', '.join(names) or 'lists and card'}")
    return DAMAGE if found.damage else 0


@app.command()
def stats(folder: Folder, as_json: o.Json = False) -> int:
    """Hours, frames, hands and faces by language, split and signer, and what was rejected and why."""
    from signgen.dataset.stats import read_statuses
    from signgen.dataset.stats import stats as figures_of

    found = figures_of(read_statuses(folder))
    if as_json:
        print_json(found)
    else:
        print_columns(_table(found))
    return 0


@app.command()
def show(
    folder: Folder,
    video_id: Annotated[str, typer.Argument(help="Name of the video.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Picture of its key frames, .png or .jpg.", show_default=False),
    ] = None,
    as_json: o.Json = False,
) -> int:
    """One video: what is known about it, its figures, its captions and, with -o, its key frames."""
    from signgen.dataset.show import caption_of, poses_of, status_of
    from signgen.workflow.sheet import contact_sheet

    status, caption = status_of(folder, video_id), caption_of(folder, video_id)
    if as_json:
        print_json({"status": status, "caption": caption})
    else:
        _print_video(status, caption)
    if output is not None:
        typer.echo(str(contact_sheet(poses_of(folder, video_id), output)))
    return 0


def _account(built: Built, is_quiet: bool) -> Iterator[str]:
    """What a build did, line by line; what went wrong alone if it is to be quiet."""
    kinds = ("done", "kept", "rejected", "pending")
    parts = [f"{built.counts[kind]} {kind}" for kind in kinds if built.counts[kind]]
    if parts and not is_quiet:
        yield f"{built.videos} videos: {', '.join(parts)}"
    for why, count in sorted(built.redone.items()) if not is_quiet else ():
        yield f"{count} made anew: {_WHY[why]}"
    if built.is_stopped:
        yield "stopped; run the same command again to go on"
    packed = built.packed
    if packed is None:
        return
    for name, count in packed.reasons.most_common():
        yield f"{count} rejected: {name}"
    if not is_quiet or packed.pending:
        pending = f", {packed.pending} not done yet" if packed.pending else ""
        yield f"{packed.videos} videos in {packed.shards} shards ({packed.written} written){pending}"


def _code(built: Built) -> int:
    if built.is_stopped:
        return STOPPED
    if built.packed is None:
        return INCOMPLETE if built.counts["rejected"] else 0
    return INCOMPLETE if built.packed.rejected or built.packed.pending else 0


_WHY = {
    "settings": "settings changed",
    "input": "inputs changed",
    "retry": "rejected before",
    "files": "files were missing",
}


def _table(found: Stats) -> list[tuple[str, ...]]:
    head = ("", "videos", "hours", "frames", "hands", "face", "text")
    rows = [head, _cells("all", found.whole)]
    for name, groups in found.groups.items():
        if set(groups) != {"unknown"}:
            rows += [
                _cells(f"{name.replace('_', ' ')} {value}", figures) for value, figures in groups.items()
            ]
    rows += [(f"rejected: {name}", str(count), "", "", "", "", "") for name, count in found.rejected.items()]
    rows += [(f"odd: {name}", str(count), "", "", "", "", "") for name, count in found.noted.items()]
    return [*rows, ("not done yet", str(found.pending), "", "", "", "", "")] if found.pending else rows


def _cells(name: str, row: Figures) -> tuple[str, ...]:
    shares = (f"{row.hands:.1%}", f"{row.face:.1%}")
    return (name, str(row.videos), f"{row.hours:.3f}", str(row.frames), *shares, str(row.captioned))


def _print_video(status: Status, caption: dict[str, Any]) -> None:
    facts = {"video": status.video_id, "outcome": status.outcome, **status.sample, **status.facts}
    print_facts({name: value for name, value in facts.items() if value not in ("", {})})
    for label, reasons in (("rejected", status.reasons), ("odd", status.notes)):
        for reason in reasons:
            typer.echo(f"{label}: {reason.name}: {reason.detail}")
    print_columns(
        [(f"{row['start']:.2f}-{row['end']:.2f} s", str(row["text"])) for row in caption.get("segments", ())]
    )
