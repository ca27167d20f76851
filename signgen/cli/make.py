"""Commands that make poses and videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.codes import DAMAGE, INCOMPLETE
from signgen.cli.flags import (
    CAPTIONS,
    CHOICE,
    CREDENTIALS,
    DIFFUSION,
    EAF,
    LEFT_HANDED,
    LOOKS,
    SEED,
    SIGNER,
    SIGNING,
    SIZE,
    VIEW,
    configured,
)
from signgen.cli.voice import ProgressMode, say, say_coverage, telling
from signgen.errors import ConfigError

if TYPE_CHECKING:
    from signgen.workflow.batch_lines import Kind
    from signgen.workflow.progress import Progress
    from signgen.workflow.record import Result


@configured(*SIGNING, *LOOKS, *SIGNER, *DIFFUSION, *VIEW, *SEED, *CHOICE, *CAPTIONS, *EAF, *CREDENTIALS)
def generate(
    text: o.Text = None,
    *,
    output: o.Output,
    text_file: o.TextFile = None,
    texts_of: o.TextsOf = None,
    settings: dict[str, Any],
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Sign a text as a video, with captions and a sidecar that repeats the run.

    -o FILE.mp4 makes one video of the whole text; -o FOLDER makes one of each line, or of each clip of --texts-of,
    listed in index.jsonl, and goes on where a stopped run left off.
    """
    given = _given(text, text_file, texts_of, output)
    with telling(progress, quiet, verbose) as show:
        if not isinstance(given, str):
            return _lines(given, output, settings, "video", force, show)
        from signgen.workflow.generate import generate as make

        result = make(given, output, settings, force=force, progress=show)
    return _made(result, verbose)


@configured(*SIGNING, *SEED, *CHOICE)
def pose(
    text: o.Text = None,
    *,
    output: o.Output,
    text_file: o.TextFile = None,
    texts_of: o.TextsOf = None,
    settings: dict[str, Any],
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Sign a text as poses: .npz (own format), .pose or .json by the suffix of -o.

    -o FOLDER makes a .npz of each line, or of each clip of --texts-of, listed in index.jsonl, which `signgen eval`
    takes; it goes on where a stopped run left off.
    """
    given = _given(text, text_file, texts_of, output)
    with telling(progress, quiet, verbose) as show:
        if not isinstance(given, str):
            return _lines(given, output, settings, "poses", force, show)
        from signgen.workflow.generate import generate_poses

        result = generate_poses(given, output, settings, force=force)
    return _made(result, verbose)


@configured(*LOOKS, *SIGNER, *DIFFUSION, LEFT_HANDED, SIZE, *VIEW, *CREDENTIALS)
def render(
    poses: Annotated[Path, typer.Argument(help="Poses in any format that `signgen inspect` knows.")],
    *,
    output: o.Output,
    person: o.Person = 0,
    fps: o.Rate = None,
    width: o.Width = None,
    height: o.Height = None,
    settings: dict[str, Any],
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Draw poses as a video."""
    from signgen.workflow.render import render_video

    with telling(progress, quiet, verbose) as show:
        result = render_video(
            poses,
            output,
            settings,
            person=person,
            fps=fps,
            width=width,
            height=height,
            force=force,
            progress=show,
        )
    return _made(result, verbose)


@configured(*SIGNING, *LOOKS, *SIGNER, *DIFFUSION, *SEED, *CREDENTIALS)
def captions(
    subtitles: Annotated[Path, typer.Argument(help="Subtitles: SubRip (.srt) or WebVTT (.vtt).")],
    *,
    output: o.Output,
    max_speedup: Annotated[
        float,
        typer.Option("--max-speedup", min=1.0, max=4.0, help="Sign at most this much faster to keep up."),
    ] = 1.5,
    settings: dict[str, Any],
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Sign subtitles as a track that runs beside the film.

    Each cue's signing starts at the cue. Where it does not fit before the next cue it is sped up, and where
    that is not enough the next cue waits and the overrun is reported.
    """
    from signgen.workflow.captions import caption_track

    with telling(progress, quiet, verbose) as show:
        result = caption_track(
            subtitles, output, settings, max_speedup=max_speedup, force=force, progress=show
        )
    return _made(result, verbose)


def rerun(
    sidecar: Annotated[Path, typer.Argument(help="The .json that lies beside an output.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Where to write; without it only compare.", show_default=False),
    ] = None,
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Repeat a run from its sidecar and compare poses and frames with what it recorded."""
    from signgen.workflow.rerun import rerun as repeat

    with telling(progress, quiet, verbose) as show:
        repeated = repeat(sidecar, output, force=force, progress=show)
    say(repeated.verdict)
    _print_outputs(repeated.outputs)
    return 0 if repeated.is_identical else DAMAGE


def _given(
    text: str | None, text_file: Path | None, texts_of: Path | None, output: Path
) -> str | list[tuple[str, str]]:
    """One text for a file, or named texts for a folder.

    Raises:
        ConfigError: none or several of text, file and clips, or clips for a file.
    """
    if texts_of is None:
        given = o.text_of(text, text_file)
        if output.suffix:
            return given
        from signgen.workflow.texts import numbered_lines

        return numbered_lines(given)
    if text is not None or text_file is not None:
        raise ConfigError("--texts-of: a text is given as well; give one of them")
    if output.suffix:
        raise ConfigError(f"{output}: this is a file; with --texts-of -o names a folder")
    from signgen.workflow.clip_texts import read_texts

    return read_texts(texts_of)


def _lines(
    texts: list[tuple[str, str]],
    folder: Path,
    settings: dict[str, Any],
    kind: Kind,
    force: bool,
    show: Progress,
) -> int:
    from signgen.workflow.batch_lines import INDEX, generate_lines

    lines = generate_lines(texts, folder, settings, kind=kind, force=force, progress=show)
    counts = {status: sum(line.status == status for line in lines) for status in ("done", "kept", "failed")}
    lacking = sum(bool(line.missing) for line in lines)
    for line in lines:
        if line.error:
            say(f"{line.name}: {line.error}")
        elif line.missing:
            say(f"{line.name}: missing: {', '.join(line.missing)}")
    say(f"{len(lines)} texts: " + ", ".join(f"{count} {status}" for status, count in counts.items())
        + f", {lacking} with missing words")  # fmt: skip
    typer.echo(str(folder / INDEX))
    return INCOMPLETE if counts["failed"] or lacking else 0


def _made(result: Result, verbose: bool) -> int:
    say_coverage(result.mode, result.coverage, verbose)
    for warning in result.warnings:
        say(f"warning: {warning}")
    _print_outputs(result.outputs)
    return INCOMPLETE if result.missing else 0


def _print_outputs(outputs: tuple[Path, ...]) -> None:
    for path in outputs:
        typer.echo(str(path))
