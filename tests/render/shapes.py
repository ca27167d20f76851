"""Meshes whose pictures are known by calculus."""

import numpy as np


def outward(vertices, triangles):
    """Turn the triangles of a mesh that is star-shaped around the origin so that their normals point out."""
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * corners.mean(axis=1)).sum(axis=1) < 0
    triangles[inward] = triangles[inward][:, ::-1]
    return triangles


def sphere(rings=90, segments=140, radius=0.4):
    theta = np.linspace(0, np.pi, rings + 1)[1:-1]
    phi = np.arange(segments) * 2 * np.pi / segments
    t, p = (grid.ravel() for grid in np.meshgrid(theta, phi, indexing="ij"))
    around = np.stack([np.sin(t) * np.cos(p), -np.cos(t), np.sin(t) * np.sin(p)], axis=1)
    vertices = np.concatenate([around, [[0, -1, 0], [0, 1, 0]]]) * radius
    at = np.arange((rings - 1) * segments).reshape(rings - 1, segments)
    right = np.roll(at, -1, axis=1)
    quads = [np.stack([at[:-1], right[:-1], right[1:]], -1), np.stack([at[:-1], right[1:], at[1:]], -1)]
    top, bottom = len(around), len(around) + 1
    caps = [
        np.stack([np.full(segments, top), at[0], right[0]], -1),
        np.stack([np.full(segments, bottom), at[-1], right[-1]], -1),
    ]
    triangles = np.concatenate([q.reshape(-1, 3) for q in quads] + caps)
    return vertices.astype(np.float32), outward(vertices, triangles).astype(np.int32)


def cube(half=0.3):
    vertices = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
    faces = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
    triangles = np.array([(f[0], f[1], f[2]) for f in faces] + [(f[0], f[2], f[3]) for f in faces])
    return vertices.astype(np.float32), outward(vertices, triangles).astype(np.int32)


def wall(z, half=5.0):
    """A square at distance z that faces the camera."""
    vertices = np.array([(-half, -half, z), (half, -half, z), (half, half, z), (-half, half, z)])
    return vertices.astype(np.float32), np.array([(0, 2, 1), (0, 3, 2)], dtype=np.int32)
