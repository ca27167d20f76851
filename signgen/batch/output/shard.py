"""What a shard of a batch is called and holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

DATA = "data"
_NAME = re.compile(r"([A-Za-z0-9_]{1,40})-([0-9]{5,9})-of-([0-9]{5,9})\.tar")


@dataclass(frozen=True)
class ShardFacts:
    """What a shard holds.

    Attributes:
        name: of its file.
        sha256: of its bytes.
        bytes: its size.
        samples: how many are in it.
        videos: how many of them have a video.
        frames: of all samples.
        seconds: of all samples.
        keys: of the samples, in their order.
    """

    name: str
    sha256: str
    bytes: int
    samples: int
    videos: int
    frames: int
    seconds: float
    keys: tuple[str, ...]


def shard_name(split: str, number: int, count: int) -> str:
    """File name of a shard, as data set hubs know it.

    >>> shard_name("train", 0, 64)
    'train-00000-of-00064.tar'
    """
    return f"{split}-{number:05d}-of-{count:05d}.tar"


def is_shard_name(name: str) -> bool:
    """Whether a file has such a name.

    >>> is_shard_name("train-00000-of-00064.tar"), is_shard_name("../x.tar")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def split_of(name: str) -> str:
    """The split that the name of a shard says; ``train`` if it says none.

    >>> split_of("dev-00000-of-00001.tar")
    'dev'
    """
    match = _NAME.fullmatch(name)
    return match[1] if match else "train"
