"""A font that draws nothing, for text that lies over its own picture.

Each glyph stands for one character (or one with its accents) of one width, so that what is selected
in a viewer is as wide as what is seen. Widths and heights are in thousandths of the font's size:
glyphs stand on the base line and are as high as the font. Their outline is a single stroke, there
and back, from corner to corner: nothing to fill, but programs that measure outlines see the size.
"""

import struct
from dataclasses import dataclass, field
from itertools import accumulate

STEP = 50
"""To which widths are rounded, so that a page needs few glyphs."""

WIDEST = 32_767 // STEP
"""Steps that a glyph may be wide: TrueType counts in 16 bits."""

_BLOCK = 100
"""Entries that a list in a character map may have."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """The glyphs of a page, made as they are needed; glyph 0 is that of no character."""

    _glyphs: dict[tuple[str, int], int] = field(default_factory=dict)

    def glyph(self, text: str, steps: int) -> int:
        """The number of the glyph for this text, `steps` wide."""
        return self._glyphs.setdefault((text, steps), len(self._glyphs) + 1)

    @property
    def widths(self) -> list[int]:
        """Of all glyphs, from 0."""
        return [0, *(steps * STEP for _, steps in self._glyphs)]

    def program(self) -> bytes:
        """The TrueType file (Apple's and Microsoft's specification), with what PDF asks for."""
        widths = self.widths
        outlines = [_outline(width) for width in widths]
        places = [0, *accumulate(map(len, outlines))]
        tables = {
            b"glyf": b"".join(outlines),
            b"head": struct.pack(
                *(">4I2H2Q4h2H3h", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, 1000, 0, 0),
                *(0, 0, max(widths), 1000, 0, 8, 2, 1, 0),
            ),
            b"hhea": struct.pack(
                *(">I3hH3h8hH", 0x10000, 1000, 0, 0, max(widths)),
                *(0, 0, max(widths), *[0] * 8, len(widths)),
            ),
            b"hmtx": b"".join(struct.pack(">Hh", width, 0) for width in widths),
            b"loca": struct.pack(f">{len(places)}I", *places),
            b"maxp": struct.pack(">I14H", 0x10000, len(widths), 2, 1, 0, 0, 1, *[0] * 8),
        }
        return _font_file(tables)

    def character_map(self) -> bytes:
        """From glyphs to Unicode, as viewers copy them (PDF 32000-1, 9.10.3)."""
        entries = [
            f"<{glyph:04X}> <{text.encode('utf-16-be', 'replace').hex().upper()}>"
            for (text, _), glyph in self._glyphs.items()
        ]
        blocks = [entries[i : i + _BLOCK] for i in range(0, len(entries), _BLOCK)]
        lines = (f"{len(b)} beginbfchar\n" + "\n".join(b) + "\nendbfchar" for b in blocks)
        return "\n".join([_MAP_BEGINS, *lines, _MAP_ENDS]).encode()


def _outline(width: int) -> bytes:
    """One contour of two points, (0, 0) and (width, 1000)."""
    header = struct.pack(">h4h", 1, 0, 0, width, 1000)
    return header + struct.pack(">HH2B4h", 1, 0, 1, 1, 0, width, 0, 1000)


def _font_file(tables: dict[bytes, bytes]) -> bytes:
    """Tables, in the order of their names, as a TrueType file."""
    power = len(tables).bit_length() - 1
    span = 16 << power
    header = struct.pack(">I4H", 0x10000, len(tables), span, power, 16 * len(tables) - span)
    directory, body = b"", b""
    start = len(header) + 16 * len(tables)
    for name, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) % 2**32
        directory += struct.pack(">4s3I", name, checksum, start + len(body), len(table))
        body += padded
    return header + directory + body


_MAP_BEGINS = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange"""

_MAP_ENDS = """endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
