"""``croissant.json``: the data set for machines, in Croissant 1.0 with the fields on responsible use (RAI 1.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signgen.batch.output.index import INDEX
from signgen.batch.output.shard import DATA, ShardFacts
from signgen.batch.output.stats import UNKNOWN, Stats
from signgen.data.sidecar import package_version

# The context that the specification of Croissant 1.0 asks for, and the name space of RAI.
_CONTEXT: Mapping[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "citeAs": "cr:citeAs", "column": "cr:column",
    "conformsTo": "dct:conformsTo", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "equivalentProperty": "cr:equivalentProperty",
    "samplingRate": "cr:samplingRate", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"}, "extract": "cr:extract", "field": "cr:field",
    "fileProperty": "cr:fileProperty", "fileObject": "cr:fileObject", "fileSet": "cr:fileSet",
    "format": "cr:format", "includes": "cr:includes", "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath", "key": "cr:key", "md5": "cr:md5", "parentField": "cr:parentField",
    "path": "cr:path", "recordSet": "cr:recordSet", "references": "cr:references", "regex": "cr:regex",
    "repeated": "cr:repeated", "replace": "cr:replace", "sc": "https://schema.org/",
    "separator": "cr:separator", "source": "cr:source", "subField": "cr:subField", "transform": "cr:transform",
}  # fmt: skip

_RAI = {
    "rai:dataCollection": "None: every sample is synthetic. Text was turned into poses by signgen, from recorded "
    "signs or by a model, and where a video was asked for it was drawn from the poses.",
    "rai:dataCollectionType": "Others",
    "rai:hasSyntheticData": True,
    "rai:dataAnnotationProtocol": "Texts and signs by time are what the samples were made from; nobody annotated them.",
    "rai:dataManipulationProtocol": "Signs are joined with made-up transitions; each sample's sidecar names the origin "
    "and licence of each run of frames.",
    "rai:dataLimitations": "No Deaf signer has checked the samples. Grammar, use of space and mouthing are those of "
    "the source and often poor.",
    "rai:dataBiases": "Signs, speed and proportions are those of the few signers and rules of the source; see the "
    "tables by source and signer in README.md.",
    "rai:dataUseCases": "Pre-training and stress tests of sign language translation and recognition, together with "
    "recordings of real signers; not for judging how people sign, and no replacement for interpreters.",
    "rai:dataSocialImpact": "Signing made by machines can pass for a signed language, which it is not, and crowd out "
    "recordings of signers. Every sample is marked; keep the marks.",
    "rai:personalSensitiveInformation": "Poses taken from recordings keep the proportions and movement of the recorded "
    "signers, which can identify a person.",
}
_FIELDS = {
    "key": "sc:Text", "shard": "sc:Text", "text": "sc:Text", "split": "sc:Text",
    "signed_language": "sc:Text", "spoken_language": "sc:Text",
    "frames": "sc:Integer", "fps": "sc:Float", "seconds": "sc:Float", "width": "sc:Integer", "height": "sc:Integer",
    "synthetic": "sc:Boolean", "has_video": "sc:Boolean", "source": "sc:Text", "signer": "sc:Text", "view": "sc:Text",
    "renderer": "sc:Text", "seed": "sc:Integer", "name": "sc:Text", "tokens": "sc:Integer", "spelled": "sc:Integer",
    "mode": "sc:Text", "config_hash": "sc:Text",
}  # fmt: skip


def croissant(
    found: Stats, shards: Sequence[ShardFacts], title: str, index_sha256: str, published: str = ""
) -> dict[str, Any]:
    """The metadata as JSON-LD; the same shards give the same.

    Args:
        found: figures of all samples.
        shards: by name.
        title: of the data set.
        index_sha256: sum of the index.
        published: day, such as 2026-11-22; empty if it is not published.
    """
    maker = f"signgen {package_version('signgen')}"
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": title,
        "description": f"{found.samples} samples of synthetic signing made from text: poses of 128 keypoints"
        + (f", {found.videos} with a video" if found.videos else "")
        + f"; {found.hours:.2f} hours. Made by {maker}.",
        "citeAs": f"{title}. Synthetic signing made with {maker}.",
        **({"datePublished": published} if published else {}),
        "license": found.known("licences") or [UNKNOWN],
        "inLanguage": found.known("signed_language"),
        "keywords": ["sign language", "pose", "synthetic"],
        "version": "1.0.0",
        "isLiveDataset": False,
        **_RAI,
        "rai:machineAnnotationTools": maker,
        "rai:dataCollectionMissingData": f"{found.missing} of {found.tokens} words of the texts have no sign and were "
        f"left out; {found.spelled} were fingerspelled.",
        "distribution": [_index(index_sha256), *(_shard(facts) for facts in shards)],
        "recordSet": [_records()],
    }


def _index(sha256: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject", "@id": INDEX, "name": INDEX, "contentUrl": INDEX,
        "encodingFormat": "application/jsonlines", "sha256": sha256,
    }  # fmt: skip


def _shard(facts: ShardFacts) -> dict[str, Any]:
    path = f"{DATA}/{facts.name}"
    return {
        "@type": "cr:FileObject", "@id": path, "name": facts.name, "contentUrl": path,
        "contentSize": f"{facts.bytes} B", "encodingFormat": "application/x-tar", "sha256": facts.sha256,
    }  # fmt: skip


def _records() -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field", "@id": f"samples/{name}", "name": name, "dataType": kind,
            "source": {"fileObject": {"@id": INDEX}, "extract": {"column": name}},
        }
        for name, kind in _FIELDS.items()
    ]  # fmt: skip
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "key": {"@id": "samples/key"},
        "field": fields,
    }
