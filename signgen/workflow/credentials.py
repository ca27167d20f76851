"""What is said and signed of a video that was drawn: see `signgen.data.provenance`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signgen.config import check
from signgen.data.provenance import ALGORITHMIC, DATA_DRIVEN, TRAINED, Claim, Credentials, sign_video
from signgen.data.sidecar import hash_text
from signgen.errors import ConfigError
from signgen.text2pose.base import Utterance
from signgen.workflow import digest

SECTION = "credentials"
# Where a sign was written in notation its origin says so: LEXICON/FILE.yaml#SIGN.
_WRITTEN = ".yaml#"


def credentials_of(section: Mapping[str, Any] | str | None) -> Credentials | None:
    """The credentials of a job's section, or of ``CERTIFICATE,KEY``; None if there are none.

    Raises:
        ConfigError: an unknown setting, or not two files.
    """
    if not section:
        return None
    if isinstance(section, str):
        files = [name.strip() for name in section.split(",")]
        if len(files) != 2 or not all(files):
            raise ConfigError(f"{SECTION}: expected CERTIFICATE.pem,KEY.pem, got {section!r:.80}")
        section = dict(zip(("certificate", "key"), files, strict=True))
    found = check(Credentials, section, where=SECTION)
    if Path() in (found.certificate, found.key):
        raise ConfigError(f"{SECTION}: name both files, {{certificate: CERT.pem, key: KEY.pem}}")
    return found


def sign_drawn(
    path: Path,
    credentials: Credentials,
    utterance: Utterance,
    drawn: Mapping[str, Any],
    config: Mapping[str, Any],
) -> str:
    """Sign a video that was just drawn.

    The sidecar names the sum of the signed video, so the manifest cannot name that of the sidecar; it names the
    fingerprints that the sidecar has too: of poses, frames and settings.

    Args:
        path: the video.
        credentials: of the user.
        utterance: what was drawn.
        drawn: the account of its frames, as the sidecar will have it.
        config: settings of the run, as the sidecar will have them.

    Returns:
        The source type that was claimed.

    Raises:
        SignGenError: as `sign_video`.
    """
    text = "".join(cue.text for cue in utterance.tiers.get("text", ()))
    account = {
        "poses_sha256": digest.of_poses(utterance.poses),
        "frames_sha256": drawn["sha256"],
        "config_sha256": digest.of_config(config),
        "licences": _licences(utterance, drawn),
    }
    if text:
        account["text_sha256"] = hash_text(text)
    claim = Claim(source_type(utterance, drawn), account)
    sign_video(path, credentials, claim)
    return claim.source_type


def source_type(utterance: Utterance, drawn: Mapping[str, Any]) -> str:
    """What kind of machine-made a video is, in the words of IPTC's list.

    `TRAINED` where a trained network made poses or frames; `ALGORITHMIC` where all signs were written in notation and
    drawn by rules; `DATA_DRIVEN`, a drawing of data, where the movement was recorded, or nobody knows.
    """
    if drawn.get("renderer", {}).get("weights") or utterance.report.get("weights"):
        return TRAINED
    entries = [origin.entry for origin in utterance.origins if origin.entry]
    return ALGORITHMIC if entries and all(_WRITTEN in entry for entry in entries) else DATA_DRIVEN


def _licences(utterance: Utterance, drawn: Mapping[str, Any]) -> list[str]:
    weights = drawn.get("renderer", {}).get("weights", ())
    told = [origin.licence for origin in utterance.origins] + [str(row.get("licence", "")) for row in weights]
    told.append(str(utterance.report.get("licence", "")))
    return list(dict.fromkeys(filter(None, told)))
