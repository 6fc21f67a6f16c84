"""Synthetic text: endless, seeded, with exact quads. NumPy, OpenCV and Pillow only."""
