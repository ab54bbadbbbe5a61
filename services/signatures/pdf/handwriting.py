"""A stroke like a handwritten signature, for people whose scanned one is not at hand."""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
_STEPS = 14  # straight pieces between two points of the curve


@dataclass(frozen=True)
class Piece:
    """A short straight piece of the stroke and the width of the pen on it."""

    start: Point
    end: Point
    width: float


def stroke(person_id: str, width: float, height: float) -> list[Piece]:
    """The signature of a person inside a `width` x `height` box; always the same for one id.

    It is a picture only: it proves nothing and imitates nobody's hand.
    """
    # Not a secret: the seed makes one person's picture the same on every page.
    chance = random.Random(hashlib.sha256(person_id.encode()).digest())  # noqa: S311
    pen = min(width, height * 2.2) * 0.011
    curves = [_smooth(_name_points(chance)), _smooth(_flourish_points(chance))]
    fitted = _fit(curves, width, height, margin=2 * pen)
    return [piece for curve in fitted for piece in _ink(curve, pen)]


def _name_points(chance: random.Random) -> list[Point]:
    """A tall first letter, connected loops that get smaller, a tail."""
    first = [(0.10, 0.10), (0.02, 0.45), (0.20, 1.0), (0.30, 0.80), (0.17, 0.15), (0.22, -0.18)]
    first += [(0.36, 0.02), (0.30, 0.42), (0.22, 0.30)]
    points = [(x + chance.uniform(-0.04, 0.04), y + chance.uniform(-0.09, 0.09)) for x, y in first]
    x, size = 0.38, 0.34
    for _ in range(chance.randint(4, 6)):
        step = chance.uniform(0.13, 0.19)
        lean = chance.uniform(0.02, 0.07)
        up = size * chance.uniform(0.7, 1.25)
        points += [(x, chance.uniform(-0.03, 0.05)), (x + step * 0.75 + lean, up)]
        if chance.random() < 0.6:
            points += [(x + step * 0.35 + lean, up * 1.05), (x + step * 0.45, up * 0.25)]
        x += step
        size *= chance.uniform(0.82, 0.98)
    if chance.random() < 0.5:
        points += [(x + 0.02, -0.30), (x - 0.10, -0.42), (x - 0.05, -0.05)]
    points += [(x + 0.12, 0.06), (x + 0.30, chance.uniform(0.16, 0.34))]
    return points


def _flourish_points(chance: random.Random) -> list[Point]:
    """The line that ends a signature, drawn back under the name and out again."""
    end = chance.uniform(1.25, 1.5)
    dip = chance.uniform(-0.5, -0.34)
    return [
        (1.12, 0.02),
        (0.75, dip * 0.75),
        (0.22, dip * 1.05),
        (0.12, dip * 0.8),
        (0.45, dip * 0.62),
        (end, dip * chance.uniform(0.2, 0.5)),
    ]


def _smooth(points: list[Point]) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    padded = [points[0], *points, points[-1]]
    curve = [points[0]]
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            curve.append(
                (
                    _between(before[0], start[0], end[0], after[0], t),
                    _between(before[1], start[1], end[1], after[1], t),
                )
            )
    return curve


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    cubic = -a + 3 * b - 3 * c + d
    square = 2 * a - 5 * b + 4 * c - d
    return 0.5 * (2 * b + (c - a) * t + square * t * t + cubic * t**3)


def _fit(
    curves: list[list[Point]], width: float, height: float, margin: float
) -> list[list[Point]]:
    everywhere = [point for curve in curves for point in curve]
    left, right = min(x for x, _ in everywhere), max(x for x, _ in everywhere)
    low, high = min(y for _, y in everywhere), max(y for _, y in everywhere)
    # Handwriting is wider than high: one unit of x is worth 1.5 units of y.
    scale = min((width - 2 * margin) / ((right - left) * 1.5), (height - 2 * margin) / (high - low))
    shift_x = (width - (right - left) * 1.5 * scale) / 2
    shift_y = (height - (high - low) * scale) / 2
    return [
        [(shift_x + (x - left) * 1.5 * scale, shift_y + (y - low) * scale) for x, y in curve]
        for curve in curves
    ]


def _ink(curve: list[Point], pen: float) -> list[Piece]:
    """Wider where the pen goes down and slowly, thin at both ends."""
    pieces, last = [], len(curve) - 1
    for index, (start, end) in enumerate(pairwise(curve)):
        length = math.dist(start, end) or 1e-6
        down = max(0.0, (start[1] - end[1]) / length)
        taper = min(1.0, 0.35 + 6 * min(index, last - index) / last)
        pieces.append(Piece(start, end, pen * taper * (0.75 + 0.9 * down)))
    return pieces
