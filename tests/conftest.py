"""Settings for all tests."""

import cv2
import torch
from hypothesis import settings

# Two threads that wait for each other on a busy machine are many times slower than one.
torch.set_num_threads(1)
cv2.setNumThreads(1)

# A deadline per example would fail at random on a busy machine.
settings.register_profile("ocrkit", deadline=None)
settings.load_profile("ocrkit")
