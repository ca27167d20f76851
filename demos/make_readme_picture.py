"""Draws docs/images/styles.png: one made-up signer in the three styles of the skeleton renderer."""

from __future__ import annotations

import argparse
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from made_up_signer import made_up_signer

from signgen.render.base import renderers

STYLES = ("openpose", "controlnet", "mimicmotion")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parents[1] / "docs" / "images" / "styles.png"
    )
    output = parser.parse_args().output
    poses = made_up_signer(384)[6:7]
    pictures = [next(iter(renderers.build({"name": "skeleton", "style": style})(poses))) for style in STYLES]
    output.parent.mkdir(parents=True, exist_ok=True)
    imageio.imwrite(output, np.concatenate(pictures, axis=1), optimize=True)
    print(output)


if __name__ == "__main__":
    main()
