"""Scores by the protocols of the benchmarks; needs no torch, and knows no model.

A protocol scores one picture at a time; a `Result` of all pictures has the totals. See
docs/evaluation.md.
"""

from ocrkit.evaluate._base import (
    Credit,
    Found,
    ImageResult,
    Outline,
    Outlines,
    Pair,
    Protocol,
    Result,
    Truth,
)

__all__ = [
    "Credit",
    "Found",
    "ImageResult",
    "Outline",
    "Outlines",
    "Pair",
    "Protocol",
    "Result",
    "Truth",
]
