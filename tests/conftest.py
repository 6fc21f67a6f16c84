"""Settings for all tests."""

import cv2
import torch

# Two threads that wait for each other on a busy machine are many times slower than one.
torch.set_num_threads(1)
cv2.setNumThreads(1)
