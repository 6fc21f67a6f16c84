"""Convolutions in 8-bit integers: on a processor, quicker than in floating point.

Inputs become integers within a range that was measured beforehand (`measure`), weights within their
own (Jacob et al., CVPR 2018, arXiv 1712.05877, sections 2.1 and 2.4). Sums of products are exact,
so what a network says of a picture still does not depend on the batch it comes in.
"""

import platform
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

Range = tuple[float, float]
"""The least and the greatest value that goes into a convolution."""

INPUT_LEVELS = 255
"""Inputs are 0 to 255, times one unit, from one zero on."""

WEIGHT_LEVELS, PAIR_LEVELS = 127, 127.9999
"""Weights are -127 to 127, times a unit of each output channel. Of two that belong to one pixel of
the kernel the sum is less than 128, and no more when they are rounded: processors without VNNI add
two products in 16 bits, which hold 255 * 128."""

INTEGERS = 2.0**23
"""From here on, floats have no fractions: whatever is added to it is rounded, and the last byte of
the sum holds what it is beyond."""

CHUNK = 2**20
"""Numbers that are rounded at a time: all steps stay in the processor's cache."""

FEWEST_CHANNELS = 32
"""Of the input of a convolution that works in integers."""

LEAST_SPAN = 1e-6
"""Of a range that is divided into levels: in a smaller one there was nothing to see."""

SAMPLE = 50_000
"""Values that are kept of each input, to measure its range."""

PARTS = [1.05**-step for step in range(60)]
"""Of the range of all values that were seen, to choose from: 1 to 0.06."""


class Int8Conv2d(nn.Module):
    """A convolution of integers, and maybe the ReLU after it; floats in, floats out.

    Where another follows at once, levels go from one to the other: what comes out is rounded as
    that one would.

    Args:
        conv: What it stands for; not changed. Pads with zeros.
        within: The range of its inputs; what lies outside is taken for the nearest end.
        act: Whether a ReLU follows.

    Attributes:
        told: The unit and the zero of levels that come out, and their type; by default floats.
    """

    def __init__(self, conv: nn.Conv2d, within: Range, *, act: bool) -> None:
        super().__init__()
        low, high = min(within[0], 0.0), max(within[1], 0.0)  # zero, with which it pads, is a level
        self.unit = (high - low) / INPUT_LEVELS
        self.zero = round(-low / self.unit)
        self.act = "relu" if act else "none"
        self.told: tuple[float, int, torch.dtype] = (1.0, 0, torch.float32)
        self.bias = None if conv.bias is None else conv.bias.detach()
        self.shape = [*map(list, (conv.stride, conv.padding, conv.dilation)), conv.groups]
        weight = conv.weight.detach()
        self.units = _units(weight)
        self.zeros = torch.zeros(len(weight), dtype=torch.long)
        rounded = (weight / self.units[:, None, None, None]).round().to(torch.int8)
        self.weight = torch.ops.onednn.qconv_prepack(
            rounded, self.units, self.unit, self.zero, *self.shape
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) float32 to what the convolution makes of it, in the channels-last layout.

        Levels, uint8, are those of the convolution before.
        """
        if x.dtype != torch.uint8:
            x = levels(x, self.unit, self.zero)
        result: Tensor = torch.ops.onednn.qconv2d_pointwise(
            x, self.unit, self.zero, self.weight, self.units, self.zeros, self.bias, *self.shape,
            *self.told, self.act, [], None,
        )  # fmt: skip
        return result


def levels(x: Tensor, unit: float, zero: int) -> Tensor:
    """The nearest levels to floats, `zero` standing for 0; of equally near ones the even.

    Args:
        x: (B, C, H, W) float32, best in the channels-last layout.
        unit: Of a level.
        zero: In [0, INPUT_LEVELS].

    Returns:
        (B, C, H, W) uint8, in that layout.
    """
    values = x.permute(0, 2, 3, 1)
    found = torch.empty(values.shape, dtype=torch.uint8)
    offset = torch.tensor(INTEGERS + zero)
    pairs = zip(
        torch.split(values.reshape(-1), CHUNK), torch.split(found.view(-1), CHUNK), strict=True
    )
    for some, into in pairs:
        rounded = torch.add(offset, some, alpha=1 / unit).clamp_(INTEGERS, INTEGERS + INPUT_LEVELS)
        into.copy_(rounded.view(torch.int32))  # keeps the last byte
    return found.permute(0, 3, 1, 2)


@cache
def supported() -> bool:
    """Whether this machine's processor and torch can do it, do it right, and faster than floats."""
    return (
        platform.machine().lower() in ("x86_64", "amd64")
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.backends.cpu.get_cpu_capability().startswith("AVX")
        and hasattr(torch.ops.onednn, "qconv2d_pointwise")
        and hasattr(torch.ops.onednn, "qconv_prepack")
        and _right()
    )


@torch.inference_mode()
def _right() -> bool:
    """Whether the greatest sums come out as they should.

    The operators are not among those that torch promises to keep as they are.
    """
    with torch.random.fork_rng(devices=[]):  # to ask must not change what is drawn afterwards
        conv = nn.Conv2d(64, 1, 3)
    conv.weight.fill_(1.0)
    assert conv.bias is not None
    conv.bias.fill_(0.5)
    try:
        told = Int8Conv2d(conv, (0.0, 255.0), act=True)(torch.full((1, 64, 3, 3), 255.0))
    except (RuntimeError, TypeError):
        return False
    return bool(torch.isclose(told, torch.tensor(255.0 * 64 * 9 + 0.5)).all())


def convert(model: nn.Module, ranges: Mapping[str, Range]) -> None:
    """Put `Int8Conv2d`s in the place of a model's convolutions of these names, and of ReLUs after.

    A convolution of whose input hardly anything but zeros was seen is left as it is.
    """
    for name, within in ranges.items():
        if within[1] - within[0] < LEAST_SPAN:
            continue
        path, _, last = name.rpartition(".")
        parent = model.get_submodule(path)
        conv = parent.get_submodule(last)
        assert isinstance(conv, nn.Conv2d)
        relu = _relu_after(parent, last)
        setattr(parent, last, Int8Conv2d(conv, within, act=relu is not None))
        if relu is not None:
            setattr(parent, relu, nn.Identity())
    for sequence in [module for module in model.modules() if isinstance(module, nn.Sequential)]:
        for one, other in pairwise(_steps(sequence)):
            if isinstance(one, Int8Conv2d) and isinstance(other, Int8Conv2d):
                one.told = other.unit, other.zero, torch.uint8


def measure(model: nn.Module, show: Callable[[], object]) -> dict[str, Range]:
    """The range of what goes into a model's convolutions, by name, while `show` shows it pictures.

    Convolutions of few channels stay as they are: they see the picture itself or nearly so, where
    rounding costs most, and take little time.
    """
    seen: dict[str, list[Tensor]] = {}
    chance = torch.Generator().manual_seed(0)

    def watched(name: str, conv: nn.Conv2d) -> RemovableHandle:
        def look(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].detach().flatten()
            places = torch.randint(len(values), (min(len(values), SAMPLE),), generator=chance)
            seen.setdefault(name, []).append(values[places])

        return conv.register_forward_pre_hook(look)

    hooks = [
        watched(name, module)
        for name, module in model.named_modules()
        if type(module) is nn.Conv2d and _fits(module)
    ]
    try:
        show()
    finally:
        for hook in hooks:
            hook.remove()
    return {name: closest_range(torch.cat(values)) for name, values in seen.items()}


def _fits(conv: nn.Conv2d) -> bool:
    """Whether integers are worth while, and it pads as `Int8Conv2d` does."""
    pads_so = conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return pads_so and conv.in_channels >= FEWEST_CHANNELS


def closest_range(values: Tensor) -> Range:
    """Of ranges that are some part of that of values (N,), the one that moves them least.

    The greatest values are rare, and some ten times the others: to have levels for them would leave
    few for most. Errors are squared (Nagel et al., arXiv 2106.08295, section 3.1).
    """
    low, high = values.amin().clamp(max=0), values.amax().clamp(min=0)
    if low == high:
        return 0.0, 0.0
    errors = [
        (_rounded(values, low * part, high * part) - values).square().mean() for part in PARTS
    ]
    part = PARTS[int(torch.stack(errors).argmin())]
    return float(low * part), float(high * part)


def _units(weight: Tensor) -> Tensor:
    """The unit of each output channel of weights (O, C, kh, kw)."""
    sizes = weight.abs()
    pairs = sizes.topk(min(2, sizes.shape[1]), dim=1).values.sum(dim=1).amax(dim=(1, 2))
    units = torch.maximum(pairs / PAIR_LEVELS, sizes.amax(dim=(1, 2, 3)) / WEIGHT_LEVELS)
    return units.clamp(min=torch.finfo(torch.float32).tiny)


def _rounded(values: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Values as they are on the nearest level of a range."""
    unit = (high - low) / INPUT_LEVELS
    zero = (-low / unit).round()
    return ((values / unit + zero).round().clamp(0, INPUT_LEVELS) - zero) * unit


def _steps(sequence: nn.Sequential) -> Iterator[nn.Module]:
    """What a sequence does, one after the other, sequences within it taken apart."""
    for module in sequence:
        if isinstance(module, nn.Sequential):
            yield from _steps(module)
        elif not isinstance(module, nn.Identity):
            yield module


def _relu_after(parent: nn.Module, name: str) -> str | None:
    """The name of the ReLU that comes next in a sequence, if one does."""
    if not isinstance(parent, nn.Sequential):
        return None
    names = list(parent._modules)
    for following in names[names.index(name) + 1 :]:
        module = parent.get_submodule(following)
        if not isinstance(module, nn.Identity):
            return following if isinstance(module, nn.ReLU) else None
    return None
