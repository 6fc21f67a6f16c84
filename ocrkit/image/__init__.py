"""Pictures in and out: decoding of files, safe writing, and resizing that can be undone.

Every way in ends in the one form the rest of ocrkit knows: (H, W, 3) uint8 RGB, as displayed.
"""

from ocrkit.image._find import SUFFIXES, find_images
from ocrkit.image._pixels import check_size
from ocrkit.image._read import (
    FORMATS,
    MAX_PIXELS,
    Frame,
    Picture,
    Source,
    is_pdf,
    read_frame,
    read_frames,
    read_image,
)
from ocrkit.image._resize import resize_to_long_side
from ocrkit.image._write import WRITERS, encode_image, write_bytes, write_image, write_text

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "SUFFIXES",
    "WRITERS",
    "Frame",
    "Picture",
    "Source",
    "check_size",
    "encode_image",
    "find_images",
    "is_pdf",
    "read_frame",
    "read_frames",
    "read_image",
    "resize_to_long_side",
    "write_bytes",
    "write_image",
    "write_text",
]
