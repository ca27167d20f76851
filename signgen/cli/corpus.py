"""``signgen corpus``: sentences of a grammar with poses of made-up signers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.flags import Flag, configured
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.corpus.make import Made

app = typer.Typer(
    help="Make corpora from grammars: texts, glosses and poses, as many as wanted.", no_args_is_help=True
)

WHAT, HOW = "What is made", "How it is signed"
MAKE = (
    Flag("--sentences", int, ("sentences",), "Sentences in all splits together.", "1000", WHAT),
    Flag("--seed", int, ("seed",), "Same seed, same bytes.", "0", WHAT),
    Flag("--disjoint", str, ("disjoint",), "text: no two splits say the same; none: all splits are drawn alike.",
         "text", WHAT),
    Flag("--poses/--no-poses", bool, ("poses",), "Sign the sentences; else texts and glosses alone.", "poses", WHAT),
    Flag("--lexicon", str, ("lexicon",), "Where signs come from, instead of the grammar's lexicon.", "", HOW),
    Flag("--preset", str, ("preset",), "dictionary: clean citation forms; real: many signers, views, noise.", "real",
         HOW),
)  # fmt: skip

GrammarName = Annotated[
    str, typer.Argument(help="A grammar file (docs/corpus.md) or a name from `signgen corpus list`.")
]


@app.command()
@configured(*MAKE)
def make(
    grammar: GrammarName,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the corpus.", show_default=False)],
    settings: dict[str, Any],
    workers: o.Workers = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace a corpus that is there.")] = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Make a corpus: train, dev and test as columnar shards for training, a manifest and corpus.json.

    --set style.noise=0.03 and the like set how it is signed (docs/corpus.md). Run the same command again after any
    stop and it goes on; the bytes depend on neither stops nor --workers.
    """
    from signgen.corpus.make import make_corpus
    from signgen.corpus.settings import prepare

    with telling(progress, quiet, verbose) as show:
        made = make_corpus(grammar, output, prepare(settings), workers=workers, force=force, progress=show)
    _tell(made)
    return 0


@app.command()
def show(
    grammar: GrammarName,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=100_000, help="Sentences to print.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Other sentences.")] = 0,
    as_json: o.Json = False,
) -> int:
    """Print sentences of a grammar with their glosses; marks stand in brackets, as in ``[neg NOT EAT]``."""
    from signgen.corpus.grammar_file import read_grammar
    from signgen.corpus.look import facts, samples

    read = read_grammar(grammar)
    sentences, about = samples(read, count, seed), facts(read)
    if as_json:
        print_json({"grammar": about, "sentences": sentences})
        return 0
    for line in sentences:
        typer.echo(f"{line['text']}\n    {line['signs']}")
    say(f"{about['glosses']} glosses, {about['rules']} rules, {about['derivations']} derivations")
    return 0


@app.command("list")
def list_grammars(as_json: o.Json = False) -> int:
    """List the grammars of the package."""
    from signgen.corpus.grammar_file import built_in, read_grammar
    from signgen.corpus.look import facts

    rows = [facts(read_grammar(name)) for name in built_in()]
    if as_json:
        print_json(rows)
        return 0
    print_columns(
        [
            (
                row["name"],
                f"{row['spoken_language']}/{row['signed_language']}",
                f"{row['glosses']} glosses",
                row["about"],
            )
            for row in rows
        ]
    )
    return 0


def _tell(made: Made) -> None:
    splits, overlap = made.report["splits"], made.report["overlap"]
    for split, found in splits.items():
        long = f", {found['seconds'] / 3600:.2f} h in {found['shards']} shards" if "shards" in found else ""
        shared = overlap.get(split)
        near = (
            f"; {shared['same_in_train']} also in train, {shared['one_word_from_train']} one word from it"
            if shared
            else ""
        )
        say(f"{split}: {found['sentences']} sentences, {found['different_glosses']} glosses{long}{near}")
    if made.kept:
        say(f"{made.kept} shards were there already")
    typer.echo(str(made.folder))
