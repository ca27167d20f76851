"""Videos with texts to a data set in the layout of SignVerse-2M, in the four steps that `signgen dataset` takes.

in:   a folder of videos, or of poses (.npz, .pose), with a .txt of the same name beside each; settings
out:  <output>/: shards, lists of what was used and rejected, a card and the hash of every file
time: what the extractor needs; run it again after any stop and it goes on
"""

from __future__ import annotations

import argparse
from pathlib import Path

import signgen

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "dataset" / "smoke.yaml")
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "dataset")
    options = parser.parse_args()

    # 1. One line of a manifest for each recording that has a text.
    samples = []
    for text in sorted(options.folder.glob("*.txt")):
        sentence = text.read_text(encoding="utf-8").strip()
        for kind, suffix in (("video", ".mp4"), ("poses", ".npz"), ("poses", ".pose")):
            if text.with_suffix(suffix).exists():
                samples.append(signgen.Sample(text.stem, text=sentence, **{kind: text.with_suffix(suffix)}))
    manifest = options.output.with_suffix(".jsonl")
    signgen.write_manifest(samples, manifest)

    # 2. Captions, poses and shards; what is done already is kept.
    built = signgen.build_dataset(manifest, options.output, signgen.load_yaml(options.config), workers=1)

    # 3. What was left out, and why.
    for name, count in built.packed.reasons.items() if built.packed else ():
        print(f"{count} rejected: {name}")

    # 4. Every file compared with its hash.
    checked = signgen.verify_dataset(options.output)
    print(f"{options.output}: {checked.files} files, {len(checked.damage)} damaged")


if __name__ == "__main__":
    main()
