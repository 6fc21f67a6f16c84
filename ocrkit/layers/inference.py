"""What makes a trained network quicker and surer to use; answers stay the same up to rounding."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ocrkit.errors import ConfigError
from ocrkit.layers import int8

M = TypeVar("M", bound=nn.Module)
Found = TypeVar("Found")


def for_reading(model: M, ranges: Mapping[str, int8.Range]) -> M:
    """The model, changed in place: it can no longer be trained, nor its weights be saved.

    Batch normalisations become part of the convolutions before them, and convolutions work in the
    channels-last layout: together 1.26 times as fast for PixelLink `lite` on one core with AVX-512.

    Args:
        model: Trained, on its device.
        ranges: Of what goes into convolutions, by name: on a processor that is fast at it, these
            work in 8-bit integers.
    """
    model.eval()
    for sequence in [m for m in model.modules() if isinstance(m, nn.Sequential)]:
        for index, (first, second) in enumerate(pairwise(list(sequence))):
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                sequence[index] = fuse_conv_bn_eval(first, second)
                sequence[index + 1] = nn.Identity()
    model.to(memory_format=torch.channels_last)
    if int8.supported() and next(model.parameters()).device.type == "cpu":
        int8.convert(model, ranges)
    return model


def as_memory_allows(run: Callable[[Tensor], list[Found]], batch: Tensor) -> list[Found]:
    """What `run` finds in each image; where a graphics card lacks the memory, it sees halves.

    Args:
        run: Takes images (1 to B, C, H, W), and finds one thing in each, whatever the others are.
        batch: (B, C, H, W), on the processor.

    Raises:
        ConfigError: The memory is too small for a single image.
    """
    try:
        return run(batch)
    except torch.OutOfMemoryError as error:
        if len(batch) == 1:
            height, width = batch.shape[-2:]
            raise ConfigError(
                f"device: out of memory with a single input of {height} x {width} px; use 'cpu', or"
                " smaller pieces (detector.tile, detector.long_side)"
            ) from error
    # Not in the handler: while there is an error, it keeps alive what filled the memory.
    torch.cuda.empty_cache()
    return [found for half in batch.tensor_split(2) for found in as_memory_allows(run, half)]
