"""What must be equal for a training to be continued."""

from __future__ import annotations

import hashlib

from signgen.data.strict_json import plain
from signgen.nn.training_state import fingerprint_of
from signgen.signdw.motion.clip_codes import tokenizer_id
from signgen.signdw.training.material import Material
from signgen.signdw.training.settings import SignDWRun


def fingerprint(run: SignDWRun, material: Material, processes: int) -> str:
    """What must be equal for a training to be continued; folders may have moved."""
    values = plain(run)
    for name in ("batch", "plan_batch"):
        values["train"][name] *= processes
    values["data"] = {"weights": values["data"]["weights"], "pool": values["data"]["pool"]}
    for name in ("samples", "tensorboard", "start"):
        del values["train"][name]
    return fingerprint_of({"run": values, "data": material_id(material)})


def material_id(material: Material) -> str:
    """A hash of clips and codes."""
    digest = hashlib.sha256(tokenizer_id(material.motion).encode())
    for source in material.sources.values():
        digest.update("\n".join(source.clips.names).encode("utf-8", "surrogatepass"))
        digest.update(source.clips.codes.numpy().tobytes())
        for item in source.items:
            for place, codes in item.retrieved:
                digest.update(place.to_bytes(2) + codes.numpy().tobytes())
    digest.update(repr([item.words for item in material.dev]).encode())
    if material.texts is not None:
        digest.update(repr([(item.words, item.plan) for item in material.texts.items]).encode())
    return digest.hexdigest()
