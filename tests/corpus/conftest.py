"""Small grammars and corpora that several tests of the corpus generator use."""

from __future__ import annotations

import pytest

from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.make import make_corpus
from signgen.corpus.settings import prepare

HEAD = "spoken_language: en\nsigned_language: ase\nlexicon: ase\nstart: sentence\nrules:\n"


@pytest.fixture
def grammar_of(tmp_path):
    """A grammar from the text of its rules (or of a whole file)."""

    def read(rules, head=HEAD):
        path = tmp_path / "small.yaml"
        path.write_text(head + rules, encoding="utf-8")
        return read_grammar(path)

    return read


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory):
    """A folder with a corpus of 20 sentences in shards of 6."""
    folder = tmp_path_factory.mktemp("corpus") / "made"
    make_corpus("english-small", folder, prepare({"sentences": 20, "shard": 6, "seed": 3}))
    return folder
