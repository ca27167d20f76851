"""The command that turns videos into poses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.codes import INCOMPLETE
from signgen.cli.flags import CLEANING, EVERYBODY, EXTRACTOR, configured
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.workflow.extract import Row


@configured(EXTRACTOR, CLEANING, EVERYBODY)
def extract(
    video: Annotated[Path, typer.Argument(help="A video, a PNG or JPEG picture, or a folder of videos.")],
    *,
    output: o.Output,
    workers: o.Workers = 1,
    settings: dict[str, Any],
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Find the signer in a video and write the poses, with a sidecar that says how good they are.

    -o FILE.npz (or .pose, .json) takes one video; with a folder of videos -o names a folder, which gets the same
    names and index.jsonl, and a stopped run goes on where it left off.
    """
    with telling(progress, quiet, verbose) as show:
        if video.is_dir():
            from signgen.workflow.extract_folder import extract_folder

            return _listed(
                extract_folder(video, output, settings, workers=workers, force=force, progress=show), output
            )
        from signgen.workflow.extract import extract_video

        row = extract_video(video, output, settings, force=force, progress=show)
    for warning in row.warnings:
        say(warning)
    for path in row.outputs:
        typer.echo(str(output.parent / path))
    return 0


def _listed(rows: tuple[Row, ...], folder: Path) -> int:
    for row in rows:
        for warning in row.warnings:
            say(f"{row.video}: {warning}")
        if row.status == "failed":
            say(row.error)
    counts = {status: sum(row.status == status for row in rows) for status in ("done", "kept", "failed")}
    say(f"{len(rows)} videos: " + ", ".join(f"{count} {status}" for status, count in counts.items()))
    typer.echo(str(folder))
    return INCOMPLETE if counts["failed"] else 0
