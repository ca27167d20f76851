"""The report as a page that needs nothing else, light or dark as its reader likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from signgen.data.strict_json import to_json

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;background:#fff;color:#1f2328}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}svg{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d1d9e0;white-space:nowrap}
td:nth-child(n+2){font-variant-numeric:tabular-nums}pre{font-size:.8rem;overflow-x:auto}
li{margin:.25rem 0}footer{color:#59636e;font-size:.85rem;margin-top:2rem}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#f0f6fc}th,td{border-color:#3d444d}footer{color:#9198a1}}
"""
_NOTE = (
    "Made signing, scored by programs. Nothing here says whether Deaf signers understand or accept it, and a gain on "
    "sentences of a grammar says nothing about its size on recordings."
)


def page_of(
    title: str,
    svg: str,
    tables: Sequence[tuple[str, Sequence[Sequence[str]]]],
    verdict: Sequence[str],
    config: Mapping[str, Any],
) -> str:
    """The page.

    Args:
        title: of the page.
        svg: the picture.
        tables: heads and rows, the first row of each being its heads.
        verdict: lines.
        config: settings of the loop.
    """
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>",
        f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in verdict)}</ul>",
        svg,
        *(f"<h2>{escape(head)}</h2>{_table(rows)}" for head, rows in tables),
        f"<details><summary>Settings</summary><pre>{escape(to_json(config, indent=1))}</pre></details>",
        f"<footer>{escape(_NOTE)}</footer></html>",
    ]
    return "\n".join(parts) + "\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    first, *rest = rows
    head = "".join(f"<th>{escape(cell)}</th>" for cell in first)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rest)
    return f"<div class=wide><table><tr>{head}</tr>{body}</table></div>"
