"""The header of ``.pose`` files (versions 0.0 to 0.2): canvas, components, point names, limbs, colours.

All numbers are little-endian: version float32; width, height, depth uint16; number of components uint16; then
per component its name and format as length-prefixed UTF-8, the numbers of points, limbs and colours as uint16,
the point names, the limbs as pairs and the colours as triples of uint16.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import DataError

VERSIONS = (0.0, 0.1, 0.2)
MAX_POINTS = 1 << 16

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, eq=False)
class Component:
    """A named group of points.

    Attributes:
        name: such as ``POSE_LANDMARKS``.
        format: one letter per column and ``C`` for the confidence at the end: ``XYC`` or ``XYZC``.
        points: point names.
        limbs: (n, 2) uint16 point numbers within the component.
        colours: (m, 3) uint16 RGB.
    """

    name: str
    format: str
    points: tuple[str, ...]
    limbs: np.ndarray
    colours: np.ndarray


@dataclass(frozen=True, eq=False)
class PoseHeader:
    """What precedes the poses in a ``.pose`` file.

    Attributes:
        version: 0.0, 0.1 or 0.2.
        width: canvas width [px].
        height: canvas height [px].
        depth: canvas depth; means nothing to us.
        components: the groups of points, in order.
    """

    version: float
    width: int
    height: int
    depth: int
    components: tuple[Component, ...]

    @property
    def num_points(self) -> int:
        """Points of one person in one frame."""
        return sum(len(component.points) for component in self.components)

    @property
    def num_dims(self) -> int:
        """Columns without the confidence."""
        return max((len(component.format) for component in self.components), default=1) - 1

    @property
    def point_names(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Name and point names of each component."""
        return tuple((component.name, component.points) for component in self.components)


# The components of the last few headers read, by their bytes: the files of a lexicon share one header, and
# comparing 15 KB is a hundred times faster than parsing it.
_recent: tuple[tuple[bytes, tuple[Component, ...]], ...] = ()


def parse_header(data: Buffer) -> tuple[PoseHeader, int]:
    """The header at the start of ``data`` and the offset at which it ends.

    Raises:
        DataError: damaged, cut short or of another version; the text is without a path.
    """
    global _recent
    if len(data) < 12:
        raise DataError("not a .pose file; it is too short for a header")
    version, width, height, depth = struct.unpack_from("<fHHH", data)
    version = round(version, 3) if version == version else version
    if version not in VERSIONS:
        raise DataError(f"not a .pose file of version 0.0, 0.1 or 0.2 (its first bytes say {version:g})")
    for known, components in _recent:
        # A copy first: memoryviews compare item by item.
        if bytes(data[10 : 10 + len(known)]) == known:
            return PoseHeader(version, width, height, depth, components), 10 + len(known)
    components, end = _parse_components(data)
    _recent = ((bytes(data[10:end]), components), *_recent[:7])
    return PoseHeader(version, width, height, depth, components), end


def pack_header(header: PoseHeader) -> bytes:
    """The bytes of a header, always as version 0.2.

    Raises:
        DataError: a value that the format cannot hold.
    """
    try:
        parts = [
            struct.pack("<fHHHH", 0.2, header.width, header.height, header.depth, len(header.components)),
            *(_pack_component(component) for component in header.components),
        ]
    except struct.error:
        raise DataError(
            f"a .pose file cannot hold a canvas of {header.width} x {header.height} or that many points"
        ) from None
    return b"".join(parts)


def _pack_component(component: Component) -> bytes:
    counts = (len(component.points), len(component.limbs), len(component.colours))
    return b"".join(
        [
            _pack_text(component.name),
            _pack_text(component.format),
            struct.pack("<HHH", *counts),
            *(_pack_text(point) for point in component.points),
            np.asarray(component.limbs, dtype="<u2").tobytes(),
            np.asarray(component.colours, dtype="<u2").tobytes(),
        ]
    )


def _pack_text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<H", len(data)) + data


def _parse_components(data: Buffer) -> tuple[tuple[Component, ...], int]:
    try:
        (count,) = struct.unpack_from("<H", data, 10)
        components, offset, total = [], 12, 0
        for _ in range(count):
            component, offset = _parse_component(data, offset)
            components.append(component)
            total += len(component.points)
            if total > MAX_POINTS:
                raise DataError(f"damaged header: more than {MAX_POINTS} points")
    except (struct.error, ValueError):
        raise DataError("damaged header; is the file cut short?") from None
    return tuple(components), offset


def _parse_component(data: Buffer, offset: int) -> tuple[Component, int]:
    name, offset = _parse_text(data, offset)
    columns, offset = _parse_text(data, offset)
    points, limbs, colours = struct.unpack_from("<HHH", data, offset)
    offset += 6
    names = []
    for _ in range(points):
        point, offset = _parse_text(data, offset)
        names.append(point)
    if not 2 <= len(columns) <= 8 or columns[-1] != "C":
        raise DataError(f"damaged header: component format {columns[:12]!r} is not like XYC or XYZC")
    limb_array, offset = _parse_array(data, offset, limbs, 2)
    colour_array, offset = _parse_array(data, offset, colours, 3)
    return Component(name, columns, tuple(names), limb_array, colour_array), offset


def _parse_text(data: Buffer, offset: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<H", data, offset)
    end = offset + 2 + length
    if end > len(data):
        raise DataError("damaged header; is the file cut short?")
    return str(data[offset + 2 : end], "utf-8"), end


def _parse_array(data: Buffer, offset: int, rows: int, columns: int) -> tuple[np.ndarray, int]:
    array = np.frombuffer(data, "<u2", rows * columns, offset).reshape(rows, columns).copy()
    return array, offset + array.nbytes


def component(
    name: str, columns: str, points: Sequence[str], limbs: Sequence[tuple[int, int]], colours: np.ndarray
) -> Component:
    """A component from plain values."""
    limb_array = np.array(limbs, dtype=np.uint16).reshape(-1, 2)
    return Component(name, columns, tuple(points), limb_array, np.asarray(colours, dtype=np.uint16))
