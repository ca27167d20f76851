"""Commands that look at files, parts and the machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signgen.cli import options as o
from signgen.cli.codes import NOT_INSTALLED
from signgen.cli.table import print_columns, print_facts, print_json
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.config import Registry


class Kind(StrEnum):
    """What `signgen show` can list."""

    renderers = "renderers"
    sources = "sources"
    extractors = "extractors"
    corpora = "corpora"
    rules = "rules"
    lexicons = "lexicons"
    languages = "languages"
    judges = "judges"
    checkpoints = "checkpoints"


def convert(
    file: Annotated[Path, typer.Argument(help="Poses in any known format.")],
    output: Annotated[Path, typer.Argument(help="Where to write; its suffix is the format.")],
    person: o.Person = 0,
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout", help="Keypoints of the output: dwpose, holistic, openpose ...", show_default=False
        ),
    ] = None,
    fps: o.Rate = None,
    width: o.Width = None,
    height: o.Height = None,
    force: o.Force = False,
) -> int:
    """Convert poses to another format and say which keypoints were mapped, derived or dropped."""
    from signgen.workflow.convert import convert as change

    done = change(
        file, output, person=person, layout=layout, fps=fps, width=width, height=height, force=force
    )
    say(f"read {done.reading}")
    say(f"wrote {done.writing}")
    if done.people > 1:
        say(f"{file} has {done.people} people or sequences; wrote number {person} (--person chooses)")
    typer.echo(str(output))
    return 0


def inspect(
    file: Annotated[
        Path,
        typer.Argument(
            help="Poses, a video, captions, ELAN tiers, a sidecar, a lexicon, or a batch, its shards and BATCH/KEY."
        ),
    ],
    fps: o.Rate = None,
    width: o.Width = None,
    height: o.Height = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Also draw a contact sheet of its frames.", metavar="PNG", show_default=False),
    ] = None,
    as_json: o.Json = False,
) -> int:
    """Say what a file holds, and show it."""
    from signgen.workflow.inspect import inspect as look

    facts = dict(look(file, fps=fps, width=width, height=height))
    if sheet is not None:
        from signgen.workflow.sheet import contact_sheet

        facts["sheet"] = str(contact_sheet(file, sheet))
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)
    return 0


def view(
    file: Annotated[
        Path, typer.Argument(help="Poses, a sample of a batch as BATCH/KEY, or a video with poses beside it.")
    ],
    *,
    output: o.Output,
    video: Annotated[
        Path | None, typer.Option("--video", help="The video of the poses.", show_default=False)
    ] = None,
    poses: Annotated[
        Path | None, typer.Option("--poses", help="The poses of the video.", show_default=False)
    ] = None,
    person: o.Person = 0,
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Lay poses over their video, beside the skeleton alone, above how surely each hand was found.

    -o FILE.mp4 writes a video; -o FILE.html a page with it, its figures and what cleaning would mend.
    """
    from signgen.workflow.view import view as lay

    with telling(progress, quiet, verbose) as tell:
        made = lay(file, output, video=video, poses=poses, person=person, force=force, progress=tell)
    typer.echo(str(made))
    return 0


def show(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    name: Annotated[str | None, typer.Argument(help="One of them, in detail.", show_default=False)] = None,
    as_json: o.Json = False,
) -> int:
    """List parts, lexicons, languages, judges or checkpoints, or show one with its settings."""
    rows = _SHOWN[kind](name)
    names, *values = rows
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in values])
    elif kind is Kind.checkpoints and name is not None:
        print_facts(dict(zip(names, values[0], strict=True)))
    else:
        print_columns(rows)
    return 0


def doctor(as_json: o.Json = False) -> int:
    """Check that this machine has all that signgen needs."""
    from signgen.workflow.doctor import examine

    findings = examine()
    if as_json:
        print_json(findings)
    else:
        print_columns(
            [(f.status, f.name, f.detail + (f": {f.advice}" if f.advice else "")) for f in findings]
        )
    return NOT_INSTALLED if any(finding.status == "fault" for finding in findings) else 0


def _renderers(name: str | None) -> list[tuple[str, ...]]:
    from signgen.render.base import renderers

    return _parts(renderers, name)


def _sources(name: str | None) -> list[tuple[str, ...]]:
    from signgen.text2pose.base import sources

    return _parts(sources, name)


def _extractors(name: str | None) -> list[tuple[str, ...]]:
    from signgen.extract.base import extractors

    return _parts(extractors, name)


def _corpora(name: str | None) -> list[tuple[str, ...]]:
    from signgen.dataset.corpora.base import corpora

    return _parts(corpora, name)


def _rules(name: str | None) -> list[tuple[str, ...]]:
    from signgen.lexicon.rules.base import rule_sets

    if name is not None:
        return _parts(rule_sets, name)
    parts = [rule_sets.get(rule) for rule in rule_sets.names()]
    rows = [
        (rule, part.mode, part.spoken_language or "any", " ".join(part.signed_languages) or "any")
        for rule, part in zip(rule_sets.names(), parts, strict=True)
    ]
    return [("name", "mode", "spoken", "signed"), *rows]


def _parts(registry: Registry, name: str | None) -> list[tuple[str, ...]]:  # type: ignore[type-arg]
    if name is None:
        docs = [
            (part, (registry.get(part).__doc__ or "").strip().split("\n")[0]) for part in registry.names()
        ]
        return [("name", "what it does"), *docs]
    settings = registry.settings(name)
    return [
        ("setting", "default", "type", "meaning"),
        *((s.name, s.default, s.type, s.doc) for s in settings),
    ]


def _lexicons(name: str | None) -> list[tuple[str, ...]]:
    from signgen.lexicon.lexicon import available_lexicons, describe, open_lexicon

    lexicons = available_lexicons() if name is None else (describe(open_lexicon(name)),)
    rows = [
        (
            lexicon.name,
            " ".join(lexicon.signed_languages),
            " ".join(lexicon.spoken_languages),
            str(lexicon.entries),
            "; ".join(lexicon.licences) or "not stated",
        )
        for lexicon in lexicons
    ]
    return [("name", "signed", "spoken", "recordings", "licence"), *rows]


def _languages(name: str | None) -> list[tuple[str, ...]]:
    from signgen.data.languages import language_name
    from signgen.lexicon.lexicon import available_lexicons

    found: dict[str, list[str]] = {}
    for lexicon in available_lexicons():
        for code in lexicon.signed_languages:
            found.setdefault(code, []).append(lexicon.name)
    if name is not None:
        from signgen.data.languages import normalise_signed_language

        name = normalise_signed_language(name)
        found = {name: found.get(name, [])}
    rows = [
        (code, language_name(code), ", ".join(names) or "no lexicon") for code, names in sorted(found.items())
    ]
    return [("code", "sign language", "lexicons"), *rows]


def _judges(name: str | None) -> list[tuple[str, ...]]:
    from signgen.nn.extra import need

    need("torch", "safetensors", what="the card of a judge")
    from signgen.workflow.judge_list import describe_judge, list_judges

    return list_judges() if name is None else describe_judge(name)


def _checkpoints(name: str | None) -> list[tuple[str, ...]]:
    from signgen.workflow.checkpoint_list import describe_checkpoint, list_checkpoints

    if name is None:
        return list_checkpoints()
    facts = describe_checkpoint(name)
    return [tuple(facts), tuple(facts.values())]


_SHOWN = {
    Kind.renderers: _renderers,
    Kind.sources: _sources,
    Kind.extractors: _extractors,
    Kind.corpora: _corpora,
    Kind.rules: _rules,
    Kind.lexicons: _lexicons,
    Kind.languages: _languages,
    Kind.judges: _judges,
    Kind.checkpoints: _checkpoints,
}
