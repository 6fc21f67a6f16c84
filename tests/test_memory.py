import ctypes
import subprocess
import sys

import pytest

from ocrkit import memory

# Takes and frees a block; what the allocator has mapped for large blocks tells where it came from.
CODE = """
import ctypes
from ocrkit import memory

{call}
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
address = libc.malloc(100_000_000)
ranges = [line.split() for line in open("/proc/self/maps")]
(name,) = [
    row[-1]
    for row in ranges
    if int(row[0].split("-")[0], 16) <= address < int(row[0].split("-")[1], 16)
]
print(name == "[heap]")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of GNU/Linux")
@pytest.mark.parametrize("call", ["", "print(memory.keep_freed())"])
def test_large_blocks_stay_in_the_process(call):
    code = CODE.format(call=call)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["True", "True"] if call else ["False"])


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_freed() is False


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed() is False
