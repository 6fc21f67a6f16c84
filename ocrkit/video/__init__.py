"""Text in videos: found now and then, followed in between, and read when it is seen best."""

from ocrkit.video.frames import Frame, Window
from ocrkit.video.link import Seen, Sighting, VideoConfig
from ocrkit.video.outputs import Outputs
from ocrkit.video.tracks import Moment, TextTrack
from ocrkit.video.viewing import SETTINGS, Viewing, read_video

__all__ = [
    "SETTINGS",
    "Frame",
    "Moment",
    "Outputs",
    "Seen",
    "Sighting",
    "TextTrack",
    "VideoConfig",
    "Viewing",
    "Window",
    "read_video",
]
