"""Settings that all trainings share, readable without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from signgen.config import setting


@dataclass(frozen=True)
class OptimizerSettings:
    """What all trainings say of their optimiser; each has further settings, and defaults of its own."""

    optimizer: Literal["adamw", "adam"] = setting("adamw", "weight decay apart from the gradient, or in it")
    rate: Annotated[float, Gt(0)] = setting(1e-3, "highest learning rate")
    betas: tuple[float, float] = setting((0.9, 0.98), "how fast the optimiser forgets")
    decay: Annotated[float, Ge(0)] = setting(0.01, "weight decay")
    schedule: Literal["cosine", "constant"] = setting("cosine", "how the learning rate falls")
    warmup: Annotated[int, Ge(0)] = setting(100, "updates over which the learning rate rises")
    clip: Annotated[float, Ge(0)] = setting(1.0, "largest norm of the gradient; 0: any")
