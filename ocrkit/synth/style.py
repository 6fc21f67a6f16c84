"""How often each thing happens in a scene: the one place to switch an effect off."""

from typing import NamedTuple


class SceneStyle(NamedTuple):
    """Probabilities; 0 switches an effect off.

    Attributes:
        room: The scene is a room, a passage or a street, with signs flat on its walls.
        page: A page, a board or a screen fills much of the scene.
        signs: Text has a board of its own; otherwise it stands on the picture itself.
        regions: Bare text lies on one calm region of the picture, along the region's edges.
        distant: A sign is seen from so far that its text is at the limit of being read.
        cut: A sign may lie over the picture's edge.
        poster: A sign carries a picture.
        receipt: A sign is a narrow slip or a list with prices.
        plate: A sign is a number plate or a street number.
        screen: A sign is a display that glows, with pixels.
        neon: A sign is written in light, on dark ground.
        relief: A sign's letters are engraved or embossed.
        solid: Letters are solid: they have sides and throw a shadow.
        cylinder: A sign goes round a bottle, a can or a pillar.
        framed: A sign has a frame, or throws a shadow on the wall.
        lit: Light falls on a sign alone: a gradient, a spot or a reflection.
        occluded: Something stands in front: a pole, leaves, people, a rail.
        distractors: The scene holds textures and objects that look like text.
        scribbles: A distractor is strokes like letters of no alphabet.
        shade: Shadow, or light that falls off, across the picture.
        glare: Lamps and reflections that dazzle.
        exposure: Too dark, too light, pale or of a tint.
        defocus: Out of focus.
        motion: Smeared by a movement of the camera.
        shrunk: Taken from further away and enlarged.
        noise: Of the sensor.
        compressed: As JPEG.
    """

    room: float = 0.45
    page: float = 0.08
    signs: float = 0.66
    regions: float = 0.6
    distant: float = 0.3
    cut: float = 0.12
    poster: float = 0.1
    receipt: float = 0.06
    plate: float = 0.06
    screen: float = 0.05
    neon: float = 0.05
    relief: float = 0.06
    solid: float = 0.12
    cylinder: float = 0.06
    framed: float = 0.35
    lit: float = 0.3
    occluded: float = 0.35
    distractors: float = 0.75
    scribbles: float = 0.12
    shade: float = 0.25
    glare: float = 0.3
    exposure: float = 0.75
    defocus: float = 0.65
    motion: float = 0.15
    shrunk: float = 0.35
    noise: float = 0.6
    compressed: float = 0.5
