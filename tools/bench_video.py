"""Measures the reading of video: how well words are followed and read, and what it costs.

Usage: python tools/bench_video.py [--clips pan zoom ...] [--set KEY=VALUE ...] [--seeds N]
           [--detector NAME] [--recognizer NAME] [--threads N]
Each clip of the standard set of `ocrkit.synth.clips` is written as a video file, read as `ocrkit
e2e --video --save` does, and what it wrote is scored. With --seeds N there are N random clips
instead. Times are of the CPU, in milliseconds a frame, all threads together; what decoders and
encoders do in threads of their own is the rest of the whole. Frames a second are by the clock.
"""

import argparse
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch
from _meter import Meter

import ocrkit
from ocrkit import catalog, config
from ocrkit.evaluate.tracking import Track, TrackingResult, load_tracks, score
from ocrkit.memory import keep_freed
from ocrkit.spot import TwoStage
from ocrkit.synth import clips
from ocrkit.video import SETTINGS, Outputs, VideoConfig, link, outputs, read_video
from ocrkit.video.frames import pyav

STAGES = ("detect", "read", "follow", "draw")
"""Of which the main thread's CPU time is told."""


def write_clip(clip: clips.Clip, path: Path) -> None:
    """The clip as an MP4 file, hardly compressed further."""
    with pyav().open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(clip.fps), options={"crf": "12"})
        stream.height, stream.width = clip.size
        stream.pix_fmt = "yuv420p"
        for image in clip.frames():
            out.mux(stream.encode(pyav().VideoFrame.from_ndarray(image)))
        out.mux(stream.encode(None))


def truth_of(clip: clips.Clip) -> list[Track]:
    """Its words in the form in which they are scored."""
    return [
        Track(n, t.text, np.array(t.frames, np.int64), t.quads, t.visible, t.whole)
        for n, t in enumerate(clip.tracks)
    ]


def read_clip(
    path: Path, folder: Path, reader: ocrkit.Reader, values: VideoConfig, meter: Meter
) -> tuple[list[Track], int, float, float]:
    """The tracks found in a file, its number of frames, seconds of the CPU and by the clock."""
    spotter = reader.spotter
    assert isinstance(spotter, TwoStage)
    begun, start = time.process_time(), time.perf_counter()
    with (
        meter.on(link, "View", "follow"),
        meter.on(link, "follow", "follow"),
        meter.on(outputs, "draw_page", "draw"),
        meter.on(spotter, "read", "read"),
        meter.on(spotter.detector, "detect", "detect"),
        read_video(path, reader, values) as viewing,
        Outputs(folder, path.stem, viewing) as files,
    ):
        for seen in viewing:
            files.add(seen)
    spent, taken = time.process_time() - begun, time.perf_counter() - start
    return load_tracks(folder / f"{path.stem}.tracks.json"), viewing.count, spent, taken


def report(name: str, result: TrackingResult) -> None:
    print(
        f"{name:10} IDF1 {result.idf1:.3f}  MOTA {result.mota:.3f}  text {result.text_accuracy:.3f}"
        f" of {result.texts:3}  precision {result.precision:.3f}  recall {result.recall:.3f}"
        f"  switches {result.switches}",
        flush=True,
    )


def chosen(options: argparse.Namespace) -> list[clips.Named]:
    """The clips to read."""
    if options.seeds:
        seeds = range(1000, 1000 + options.seeds)
        styles = [clips.ClipStyle.random(np.random.default_rng(seed)) for seed in seeds]
        return [clips.Named(f"r{s}", s, style) for s, style in zip(seeds, styles, strict=True)]
    return [c for c in clips.STANDARD if not options.clips or c.name in options.clips]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], help="such as video.patience=1")
    parser.add_argument("--detector", default=catalog.DETECTOR)
    parser.add_argument("--recognizer", default=catalog.RECOGNIZER)
    parser.add_argument("--threads", type=int, default=1, help="of networks")
    parser.add_argument("--keep", type=Path, help="where the videos and what is read of them stay")
    options = parser.parse_args()
    keep_freed()  # this and OpenCV's one thread as the command line has them
    cv2.setNumThreads(1)
    torch.set_num_threads(options.threads)
    given = config.settings(options.set)
    values = config.validate(VideoConfig, given.pop("video", {}), "video")
    given |= {block: usual | given.get(block, {}) for block, usual in SETTINGS.items()}
    reader = ocrkit.load(
        detector=options.detector,
        recognizer=options.recognizer,
        device="cpu",
        settings=given,
    )
    meter = Meter(STAGES, time.thread_time)
    results, frames, spent, taken = [], 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for named in chosen(options):
            clip = clips.clip(named.seed, named.style)
            path = folder / f"{named.name}.mp4"
            if not path.exists():
                write_clip(clip, path)
            found, count, seconds, clock = read_clip(path, folder, reader, values, meter)
            frames, spent, taken = frames + count, spent + seconds, taken + clock
            results.append(score(truth_of(clip), found))
            report(named.name, results[-1])
    report("all", TrackingResult.total(results))
    for stage in STAGES:
        cost = meter.spent[stage] / frames * 1e3
        print(f"{stage:18} {cost:7.1f} ms a frame, {meter.calls[stage]} calls")
    rest = (spent - sum(meter.spent.values())) / frames * 1e3
    print(f"{'decode and encode':18} {rest:7.1f} ms a frame")
    print(f"{'whole':18} {spent / frames * 1e3:7.1f} ms a frame, {frames} frames")
    print(f"{'by the clock':18} {frames / taken:7.1f} frames a second")


if __name__ == "__main__":
    main()
