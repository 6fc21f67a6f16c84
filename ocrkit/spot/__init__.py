"""Spotters, which find and read. Each public module here is one spotter."""

from ocrkit.spot._base import Spotter

__all__ = ["Spotter"]
