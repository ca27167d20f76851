"""The shape of a SignDW Transformer and how it draws; one place for each default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from signgen.config import setting
from signgen.errors import ConfigError
from signgen.signdw.flow_settings import RefineSettings

# Signed languages with lexicons or corpora that can be had; a training may name others.
LANGUAGES = (
    "aed", "ase", "asf", "asq", "bfi", "bzs", "cse", "csg", "csl", "csn", "dse", "dsl", "eso", "fcs", "fse", "fsl",
    "gsg", "gss", "hks", "ins", "ise", "isg", "jos", "jsl", "kvk", "lls", "mfs", "nsl", "nzs", "psr", "pso", "rsl",
    "sfb", "sfs", "sgg", "ssp", "svk", "swl", "tsm", "tss", "ukl", "vgt",
)  # fmt: skip

Head = Literal["token", "flow", "regress"]


@dataclass(frozen=True)
class SignDWSettings:
    """The shape of the network and what it is trained for. `PRESETS` has complete ones."""

    width: Annotated[int, Ge(16), Le(8192)] = setting(160, "features of all layers")
    heads: Annotated[int, Ge(1), Le(256)] = setting(5, "attention heads; divides width into even numbers")
    text_layers: Annotated[int, Ge(1), Le(64)] = setting(2, "layers over the text")
    plan_layers: Annotated[int, Ge(1), Le(64)] = setting(1, "layers over planned glosses")
    layers: Annotated[int, Ge(1), Le(128)] = setting(4, "layers over steps of codes")
    head_inner: Annotated[int, Ge(0), Le(65536)] = setting(
        256, "features inside the layer before the heads; 0: none"
    )
    words: Annotated[int, Ge(16), Le(262144)] = setting(2048, "text units at most")
    max_words: Annotated[int, Ge(4), Le(4096)] = setting(128, "text units of a sentence at most")
    max_steps: Annotated[int, Ge(4), Le(4096)] = setting(256, "steps of a sentence at most, six a second")
    max_glosses: Annotated[int, Ge(2), Le(1024)] = setting(64, "glosses of a plan at most, rests included")
    align: Literal["none", "gloss"] = setting(
        "gloss", "what a step knows of the plan: its length alone, or gloss and phase"
    )
    is_retrieving: bool = setting(False, "look at retrieved clips, or at a stitched draft")
    dropout: Annotated[float, Ge(0), Lt(1)] = setting(0.1, "share of features that training leaves out")
    text_dropout: Annotated[float, Ge(0), Lt(1)] = setting(
        0.1, "share of clips trained without text and plan, for guidance"
    )
    language_dropout: Annotated[float, Ge(0), Le(1)] = setting(
        0.6, "share of clips trained without their language tag"
    )
    retrieval_dropout: Annotated[float, Ge(0), Le(1)] = setting(
        0.3, "share of retrieved clips left out in training"
    )
    code_noise: Annotated[float, Ge(0), Lt(1)] = setting(
        0.1, "share of earlier codes replaced by chance in causal training"
    )
    causal_share: Annotated[float, Ge(0), Le(1)] = setting(
        0.5, "share of clips trained step after step; the others with hidden steps"
    )

    def __post_init__(self) -> None:
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ConfigError(
                f"model.width: {self.width} must be an even multiple of model.heads ({self.heads})"
            )


PRESETS = {
    "signdw-tiny": SignDWSettings(),
    "signdw-40m": SignDWSettings(
        width=512, heads=8, text_layers=2, plan_layers=1, layers=5, head_inner=256, words=4096, max_words=256,
        max_steps=512,
    ),
    "signdw-1.2b": SignDWSettings(
        width=1536, heads=24, text_layers=8, plan_layers=2, layers=22, head_inner=1536, words=32768, max_words=512,
        max_steps=512, max_glosses=128,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class DrawSettings:
    """How plans and codes are drawn."""

    mode: Literal["causal", "masked"] = setting("causal", "step after step, or all steps in a few rounds")
    rounds: Annotated[int, Ge(1), Le(256)] = setting(10, "rounds (masked)")
    temperature: Annotated[float, Ge(0), Le(10)] = setting(0.5, "of codes; 0: the likeliest, of the face too")
    face_temperature: Annotated[float, Gt(0), Le(10)] = setting(
        0.9, "of codes of the face, which hardly moves where it is drawn as cautiously as hands"
    )
    top_k: Annotated[int, Ge(0), Le(65536)] = setting(20, "likeliest codes that are drawn from; 0: all")
    guidance: Annotated[float, Ge(0), Le(20)] = setting(
        1.0, "how much more the text counts; 1: as learned, in one pass"
    )
    repetition: Annotated[float, Gt(0), Le(10)] = setting(
        1.0, "what the odds of a code of the last steps are divided by"
    )
    recent: Annotated[int, Ge(1), Le(256)] = setting(8, "steps that count as the last ones")
    max_run: Annotated[int, Ge(0), Le(4096)] = setting(
        4, "equal steps in a row at most, for all streams together; 0: any number"
    )
    gloss_temperature: Annotated[float, Ge(0), Le(10)] = setting(
        0.0, "of the glosses of a plan; 0: the likeliest"
    )
    duration_temperature: Annotated[float, Ge(0), Le(10)] = setting(
        1.0, "of durations and lengths; 0: the likeliest"
    )
    eight_bits: bool = setting(
        False, "weights in eight bits: less to read at each step, a few codes differ (causal, on a CPU)"
    )
    refine: RefineSettings = setting(RefineSettings(), "how poses are drawn behind the codes (head: flow)")

    def __post_init__(self) -> None:
        if self.eight_bits and self.mode != "causal":
            raise ConfigError(
                "eight_bits: only drawing step after step has weights in eight bits; use mode: causal, or leave it out"
            )
