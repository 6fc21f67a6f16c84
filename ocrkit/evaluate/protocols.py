"""The protocols by name: the table that the command line, the reports and the cards go by."""

from math import pi

from ocrkit.evaluate._base import Protocol
from ocrkit.evaluate.cleval import CLEval, CLEvalEndToEnd
from ocrkit.evaluate.deteval import DetEval, TotalText
from ocrkit.evaluate.iou import VOC, IoU
from ocrkit.evaluate.spotting import EndToEnd, WordSpotting
from ocrkit.evaluate.tiou import TIoU

DETECTION: dict[str, Protocol] = {
    "ic15": IoU("ic15-det"),
    "ic13-rrc": DetEval("ic13-rrc"),
    "ic13-deteval": DetEval("ic13-deteval", variant="deteval"),
    "ic13-iou": IoU("ic13-iou", upright=True),
    "mtwi": DetEval(
        "mtwi",
        area_recall=0.7,
        area_precision=0.7,
        ignored_share=0.5,
        split=None,
        upright=False,
        inclusive=False,
        whole_pixels=False,
    ),
    "polygon-iou": IoU("polygon-iou", whole_pixels=False),
    "totaltext": TotalText("totaltext"),
    "totaltext-8-4": TotalText("totaltext-8-4", area_recall=0.8, area_precision=0.4),
    "td500": IoU("td500", strict=False, whole_pixels=False, angle=pi / 8),
    "coco-text": IoU("coco-text", strict=False, whole_pixels=False, upright=True, prefer="iou"),
    "rctw17": VOC("rctw17"),
    "tiou-ic15": TIoU("tiou-ic15"),
    "tiou-polygon": TIoU("tiou-polygon", whole_pixels=False),
    "cleval": CLEval("cleval"),
}
"""Where the words are.

MLT scores as `ic15`, CTW1500 and Total-Text in most papers since 2019 as `polygon-iou`.
"""

SPOTTING: dict[str, tuple[Protocol, ...]] = {
    "ic15": (EndToEnd("ic15-e2e-none"), WordSpotting("ic15-spotting-none")),
    "ic13": (
        EndToEnd("ic13-e2e-none", upright=True),
        WordSpotting("ic13-spotting-none", upright=True),
    ),
    "totaltext": (
        EndToEnd("totaltext-e2e-none", whole_pixels=False),
        WordSpotting("totaltext-spotting-none", whole_pixels=False),
    ),
    "ctw1500": (EndToEnd("ctw1500-e2e-none", whole_pixels=False),),
    "cleval": (CLEvalEndToEnd("cleval-e2e"),),
}
"""Where the words are and what they say: the tasks that one benchmark scores side by side.

Those that end in `none` are also scored with a lexicon, see `ocrkit.evaluate.spotting.using`.
"""
