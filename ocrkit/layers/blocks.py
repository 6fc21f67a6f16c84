"""Convolutional and recurrent blocks."""

from torch import Tensor, nn
from torch.nn import functional as F


class ConvNorm(nn.Sequential):
    """Convolution, batch normalisation and (unless `act` is False) ReLU; keeps or divides the size.

    Args:
        channels_in, channels_out: Channels.
        kernel: Side of the square kernel; the input is padded by half of it.
        stride: In both directions.
        act: Whether a ReLU follows.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        act: bool = True,
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(channels_out),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if act else []))


class Residual(nn.Module):
    """Two 3x3 convolutions round which the input flows (He et al., arXiv 1512.03385, figure 2).

    Args:
        channels: In and out.
        starts_idle: Whether it says what it hears until it has learnt more, if that is not
            negative: the last normalisation starts with zeros.
    """

    def __init__(self, channels: int, *, starts_idle: bool = False) -> None:
        super().__init__()
        last = ConvNorm(channels, channels, act=False)
        self.body = nn.Sequential(ConvNorm(channels, channels), last)
        if starts_idle:
            nn.init.zeros_(last.get_parameter("1.weight"))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return F.relu(self.body(x).add_(x), inplace=True)


class SequenceEncoder(nn.Module):
    """Stacked bidirectional LSTMs with a linear layer after each (CRNN, section 2.2).

    Args:
        channels: Of the input.
        hidden: Units per direction, and channels between the layers.
        channels_out: Of the output.
        layers: How many.
        dropout: Before the last linear layer.
    """

    def __init__(
        self, channels: int, hidden: int, channels_out: int, layers: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        inputs = [channels, *[hidden] * (layers - 1)]
        outputs = [*[hidden] * (layers - 1), channels_out]
        self.recurrent = nn.ModuleList(
            nn.LSTM(size, hidden, bidirectional=True, batch_first=True) for size in inputs
        )
        self.linear = nn.ModuleList(nn.Linear(2 * hidden, size) for size in outputs)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, channels) to (B, T, channels_out)."""
        *inner, last = zip(self.recurrent, self.linear, strict=True)
        for recurrent, linear in inner:
            x = linear(recurrent(x)[0])
        recurrent, linear = last
        result: Tensor = linear(self.dropout(recurrent(x)[0]))
        return result


def double(x: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, 2H, 2W), bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
