"""XML as the formats here write it: elements without ceremony, and text that XML can carry."""

import re
import xml.etree.ElementTree as ET

from ocrkit.formats._outlines import Points

Element = ET.Element

_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text with U+FFFD for each character that XML 1.0 forbids, even as a reference."""
    return _FORBIDDEN.sub("\ufffd", text)


def add(parent: Element, tag: str, text: str = "", /, **attributes: object) -> Element:
    """A new last child; attributes that are None are left out."""
    given = {key: clean(str(value)) for key, value in attributes.items() if value is not None}
    child = ET.SubElement(parent, tag, given)
    if text:
        child.text = clean(text)
    return child


def spelled(points: Points) -> str:
    """Points as `x,y x,y`."""
    return " ".join(f"{x},{y}" for x, y in points)


def document(root: Element, doctype: str = "") -> bytes:
    """The file, indented."""
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{body}\n'.encode()
