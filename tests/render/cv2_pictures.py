"""The pictures that generators learned from, written once more from their rules with OpenCV's own drawing."""

import colorsys
import math

import cv2
import numpy as np

LIMBS = [(2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11), (2, 12), (12, 13), (13, 14),
         (2, 1), (1, 15), (15, 17), (1, 16), (16, 18)]  # fmt: skip
HUES = [(255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0),
        (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255),
        (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)]  # fmt: skip
SINCE_CLIPPED_LINES = tuple(int(part) for part in cv2.__version__.split(".")[:2]) >= (4, 13)


def controlnet_picture(points, width, height):
    """(H, W, 3) uint8 RGB of (128, 3) x, y [px], confidence."""
    points = np.asarray(points, dtype=np.float64)
    canvas = np.zeros((height, width, 3), np.uint8)
    places = points[:, :2] / (width, height) * (width, height)
    seen = points[:, 2] > 0.3
    return _picture(canvas, places, np.ones(128), seen, seen)


def mimicmotion_picture(points, width, height):
    points = np.asarray(points, dtype=np.float64)
    scale = 2160 / min(width, height)
    wide, high = int(width * scale), int(height * scale)
    canvas = np.zeros((high, wide, 3), np.uint8)
    places = points[:, :2] / (width, height) * (wide, high)
    canvas = _picture(canvas, places, points[:, 2], points[:, 2] > 0.3, np.ones(128, bool))
    return cv2.resize(canvas, (width, height))[..., ::-1]


def _picture(canvas, places, weights, body_seen, rest_seen):
    for (a, b), hue in zip(LIMBS, HUES, strict=False):
        a, b = a - 1, b - 1
        if body_seen[a] and body_seen[b]:
            (xa, ya), (xb, yb) = places[a], places[b]
            half = int(math.hypot(xa - xb, ya - yb) / 2)
            angle = int(math.degrees(math.atan2(ya - yb, xa - xb)))
            middle = int((xa + xb) / 2), int((ya + yb) / 2)
            ellipse = cv2.ellipse2Poly(middle, (half, 4), angle, 0, 360, 1)
            cv2.fillConvexPoly(canvas, ellipse, [int(c * (weights[a] * weights[b])) for c in hue])
    canvas = (canvas * 0.6).astype(np.uint8)
    whole = places.astype(int)
    for i in range(18):
        if body_seen[i]:
            cv2.circle(canvas, whole[i].tolist(), 4, [int(c * weights[i]) for c in HUES[i]], -1)
    drawn = rest_seen & (whole >= 1).all(axis=1)
    for hand in (18, 39):
        for i in range(20):
            a, b = hand + (i if i % 4 else 0), hand + i + 1
            if drawn[a] and drawn[b]:
                level = int(weights[a] * weights[b] * 255)
                hue = [c * level for c in colorsys.hsv_to_rgb(i / 20, 1.0, 1.0)]
                cv2.line(canvas, whole[a].tolist(), whole[b].tolist(), hue, 2)
        for i in range(hand, hand + 21):
            if drawn[i]:
                cv2.circle(canvas, whole[i].tolist(), 4, (0, 0, int(weights[i] * 255)), -1)
    for i in range(60, 128):
        if drawn[i]:
            cv2.circle(canvas, whole[i].tolist(), 3, [int(weights[i] * 255)] * 3, -1)
    return canvas


def wan_picture(points, width, height):
    """By the law of Wan-Animate's preprocessing ("v2" strokes, threshold 0.5, no face, each limb dimmed alone)."""
    points = np.asarray(points, dtype=np.float64)
    canvas = np.zeros((height, width, 3), np.uint8)
    stick = max(int(min(height, width) / 200) - 1, 1)
    hand_stick = max(max(int(min(height, width) / 200) - 1, 1) // 2, 1)
    places, seen = points[:, :2] / (width, height) * (width, height), points[:, 2] >= 0.5
    for (a, b), hue in zip(LIMBS, HUES, strict=False):
        (xa, ya), (xb, yb) = places[a - 1], places[b - 1]
        if seen[a - 1] and seen[b - 1]:
            half, angle = math.hypot(xa - xb, ya - yb) / 2, math.degrees(math.atan2(ya - yb, xa - xb))
            middle = int((xa + xb) / 2), int((ya + yb) / 2)
            ellipse = cv2.ellipse2Poly(middle, (int(half), stick), int(angle), 0, 360, 1)
            cv2.fillConvexPoly(canvas, ellipse, [int(c * 0.6) for c in hue])
    whole = places.astype(int)
    for i in range(18):
        if seen[i]:
            cv2.circle(canvas, whole[i].tolist(), stick, HUES[i], -1)
    drawn = seen & (whole > 0.01).all(axis=1)
    for hand in (18, 39):
        for i in range(20):
            a, b = hand + (i if i % 4 else 0), hand + i + 1
            if drawn[a] and drawn[b]:
                hue = [255 * c for c in colorsys.hsv_to_rgb(i / 20, 1.0, 1.0)]
                cv2.line(canvas, whole[a].tolist(), whole[b].tolist(), hue, hand_stick)
        for i in range(hand, hand + 21):
            if drawn[i]:
                cv2.circle(canvas, whole[i].tolist(), hand_stick, (0, 0, 255), -1)
    return canvas
