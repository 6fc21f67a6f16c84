"""XML as trees of elements that know their lines, so that an error can name one."""

from dataclasses import dataclass, field
from xml.parsers import expat

from ocrkit.errors import DataError
from ocrkit.files import parse_numbers


@dataclass(slots=True, eq=False)
class Element:
    """An element and what is in it.

    Attributes:
        name: Of the element.
        where: Its place (file:line).
        attributes: Values by key.
        children: Elements directly in it, in order.
        text: The characters directly in it.
    """

    name: str
    where: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list["Element"]:
        """The children of this name."""
        return [child for child in self.children if child.name == name]

    def inner(self, name: str) -> str | None:
        """The text of the first child of this name; None if there is none."""
        return next((child.text for child in self.children if child.name == name), None)

    def required(self, name: str) -> str:
        """The text of the first child of this name, without spaces round it.

        Raises:
            DataError: There is none, or it is empty.
        """
        text = (self.inner(name) or "").strip()
        if not text:
            raise DataError(f"{self.where}: <{self.name}> has no <{name}>")
        return text

    def attribute(self, key: str) -> str:
        """The value of an attribute.

        Raises:
            DataError: There is none of this key.
        """
        if key not in self.attributes:
            raise DataError(f"{self.where}: <{self.name}> has no attribute {key!r}")
        return self.attributes[key]

    def numbers(self, *keys: str) -> list[float]:
        """The values of attributes, as numbers.

        Raises:
            DataError: One is missing or is not a finite number.
        """
        return parse_numbers([self.attribute(key) for key in keys], self.where)


def read_xml(content: bytes, source: str, root: str) -> Element:
    """The tree of an XML file.

    Args:
        content: Of the file.
        source: Its name, for messages.
        root: The name that its outermost element must have.

    Raises:
        DataError: It is not well-formed, or is of another kind.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element("", source)
    open_elements = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        element = Element(name, f"{source}:{parser.CurrentLineNumber}", attributes)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(name: str) -> None:
        open_elements.pop()

    def characters(text: str) -> None:
        open_elements[-1].text += text

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise DataError(f"{source}:{error.lineno}: is not well-formed XML: {reason}") from error
    except (LookupError, ValueError) as error:  # an encoding that Python does not have
        raise DataError(f"{source}: cannot be read as XML: {error}") from error
    if top.children[0].name != root:
        raise DataError(f"{source}: expected <{root}>, got <{top.children[0].name}>")
    return top.children[0]
