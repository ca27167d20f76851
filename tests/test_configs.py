"""Every shipped config is valid, and generate.yaml says what the defaults really are."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from signgen.batch.choices import take_choices
from signgen.batch.plan import expand
from signgen.batch.texts import Text
from signgen.config import load_yaml
from signgen.dataset.settings import prepare as prepare_dataset
from signgen.workflow.settings import prepare

CONFIGS = Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_config_is_valid(path):
    prepare(load_yaml(path))


@pytest.mark.parametrize("path", sorted((CONFIGS / "dataset").glob("*.yaml")), ids=lambda path: path.name)
def test_dataset_config_is_valid(path):
    prepare_dataset(load_yaml(path))


@pytest.mark.parametrize("path", sorted((CONFIGS / "batch").glob("*.yaml")), ids=lambda path: path.name)
def test_batch_config_can_be_planned(path):
    settings, vary = take_choices(load_yaml(path), ())
    samples = expand([Text("Hello.")], settings, vary, "poses")
    assert len(samples) == math.prod(map(len, vary.values())) > 1


def test_generate_yaml_writes_out_every_default():
    assert prepare(load_yaml(CONFIGS / "generate.yaml")).config == prepare().config


def test_every_setting_of_generate_yaml_is_commented():
    lines = (CONFIGS / "generate.yaml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if ":" in line.split("#")[0]]
    silent = [line for line in settings if "#" not in line]
    assert [line.split(":")[0].strip() for line in silent] == ["name", "height"]
