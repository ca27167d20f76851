"""Dev sentences signed while a training goes on."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from signgen.pose.sequence import PoseSequence
from signgen.signdw.drawing.decoding import poses_of_codes, poses_of_values
from signgen.signdw.drawing.generate import generate
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.regression import Regressor
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.settings import DrawSettings
from signgen.signdw.training.examples import collate
from signgen.signdw.training.material import Material


def sample_poses(
    networks: Mapping[str, nn.Module], material: Material, count: int
) -> dict[str, PoseSequence]:
    """The first dev sentences as networks sign them now, and as they were signed, by name.

    Args:
        networks: of a checkpoint, in evaluation mode.
        material: of the training.
        count: sentences.
    """
    chosen = material.dev[:count]
    condition, seeds = collate(chosen).condition, tuple(range(len(chosen)))
    codes = [item.codes.long() for item in chosen]
    regressor, head, model = (networks.get(name) for name in ("regressor", "head", "model"))
    if isinstance(regressor, Regressor):
        made, _ = regressor.generate(condition.to(regressor.weights.device), seeds=seeds)
        poses = [poses_of_values(each) for each in made]
    elif isinstance(head, FlowHead):
        plans = [item.plan for item in chosen]
        poses = [poses_of_values(each) for each in head.refine(material.motion, codes, plans, seeds)]
    else:
        assert isinstance(model, SignDW)
        # Retrieved signs are those of the true plan.
        true_plans = None if condition.slots is None else [item.plan for item in chosen]
        drawn = generate(model, condition, DrawSettings(), seeds, true_plans)
        poses = [poses_of_codes(material.motion, each.codes) for each in drawn]
    true = [poses_of_codes(material.motion, each) for each in codes]
    return {f"{n}{kind}": p for kind, rows in (("", poses), ("-true", true)) for n, p in enumerate(rows)}
