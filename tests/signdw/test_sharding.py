"""A sharded step is the step of the whole network, and the configuration names the layers that are split."""

from pathlib import Path

import pytest
from accelerate.commands.config.config_args import load_config_from_file
from toy_signdw import SETTINGS, SIZES

from signgen.config import load_yaml
from signgen.signdw.training.sharding import WRAPPED, dry_run, sharded_step

FSDP = Path(__file__).parents[2] / "configs" / "signdw" / "fsdp.yaml"


@pytest.mark.slow
def test_a_sharded_step_is_a_step():
    weights, _, before, after = sharded_step(SETTINGS, SIZES)
    found = dry_run(SETTINGS, SIZES)
    assert found.weights == weights
    assert weights <= sum(found.own) < 1.01 * weights
    assert max(found.own) < 0.52 * weights
    assert (found.before, found.after) == pytest.approx((before, after), rel=1e-4)
    assert found.after < found.before


def test_the_configuration_splits_the_same_layers():
    config = load_yaml(FSDP)["fsdp_config"]
    assert config["fsdp_transformer_layer_cls_to_wrap"] == WRAPPED.__name__
    assert config["fsdp_version"] == 2
    # Accelerate knows all of it: it refuses what it does not.
    assert load_config_from_file(str(FSDP)).distributed_type == "FSDP"
