"""The objects of a PDF file, and the file that they make (PDF 32000-1, 7.5)."""

import hashlib
import zlib


class PdfFile:
    """Objects, numbered from 1 in the order in which they are added or promised."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def promise(self) -> int:
        """The number of an object that is filled later, so that others can refer to it."""
        self._objects.append(b"")
        return len(self._objects)

    def fill(self, number: int, body: str) -> None:
        """Say what a promised object is."""
        self._objects[number - 1] = body.encode("ascii")

    def add(self, body: str) -> int:
        """Add an object; returns its number."""
        number = self.promise()
        self.fill(number, body)
        return number

    def add_stream(self, entries: str, data: bytes, compress: bool = True) -> int:
        """Add a stream with these entries in its dictionary; returns its number."""
        if compress:
            entries, data = f"{entries} /Filter /FlateDecode", zlib.compress(data)
        head = f"<< {entries} /Length {len(data)} >>\nstream\n"
        number = self.promise()
        self._objects[number - 1] = head.encode("ascii") + data + b"\nendstream"
        return number

    def content(self, catalog: int, info: int) -> bytes:
        """The file."""
        body = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, data in enumerate(self._objects, start=1):
            places.append(len(body))
            body += b"%d 0 obj\n%b\nendobj\n" % (number, data)
        name = hashlib.md5(body, usedforsecurity=False).hexdigest()
        count, table = len(places) + 1, len(body)
        body += b"xref\n0 %d\n0000000000 65535 f \n" % count
        body += b"".join(b"%010d 00000 n \n" % place for place in places)
        trailer = f"/Size {count} /Root {catalog} 0 R /Info {info} 0 R /ID [<{name}> <{name}>]"
        body += f"trailer\n<< {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode("ascii")
        return bytes(body)


def text_string(text: str) -> str:
    """Any text as an object."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"
