"""What a user points at, as pictures one after the other: files, folders, addresses, documents.

for picture in inputs.pictures(["scans/", "report.pdf", "https://example.org/sign.jpg"]):
    print(picture.name, reader.read(picture).text)

Nothing is decoded before it is asked for: a document of a thousand pages takes the memory of one.
"""

from ocrkit.inputs._documents import Document, Options, find, pictures
from ocrkit.inputs._find import SUFFIXES
from ocrkit.inputs._ranges import PageRanges, parse_ranges

__all__ = ["SUFFIXES", "Document", "Options", "PageRanges", "find", "parse_ranges", "pictures"]
