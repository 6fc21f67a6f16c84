"""How the memory of the process is handled: a setting of the whole process, not of ocrkit."""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of mallopt(3)."""

KEPT = 1 << 29
"""Bytes free at the top of the heap, above which it is made smaller."""

LARGE = 1 << 30
"""Bytes of a block, above which it is the system's."""


def keep_freed() -> bool:
    """Let the process keep memory that it frees; whether that could be set.

    A network takes and frees some large blocks at each layer. The allocator of GNU/Linux gives them
    back to the system at once, which has to clear them page by page when they are next taken:
    reading a photograph of 1280 x 720 px takes a quarter longer so. The peak stays the same.
    Elsewhere nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl
        return False
    # Either call alone would stop glibc from finding a threshold of its own: both or none.
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE)) and bool(mallopt(M_TRIM_THRESHOLD, KEPT))
