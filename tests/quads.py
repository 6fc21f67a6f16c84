"""Quads that tests draw words with, (4, 2) float32."""

import math

import numpy as np


def box(left, top, right, bottom):
    """An upright rectangle."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def turned(width, height, x, y, angle):
    """A rectangle centred on (x, y), turned clockwise on screen by `angle` (radians)."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
    cos, sin = math.cos(angle), math.sin(angle)
    return (corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y)).astype(np.float32)
