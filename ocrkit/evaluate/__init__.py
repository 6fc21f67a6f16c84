"""Scores by the protocols of the benchmarks; NumPy and shapely only, and knows no model.

A scorer takes one image at a time; a `Result` of all images has the totals. See docs/evaluation.md.
"""

from ocrkit.evaluate._matching import Outline, Outlines
from ocrkit.evaluate._result import ImageResult, Pair, Result

__all__ = ["ImageResult", "Outline", "Outlines", "Pair", "Result"]
