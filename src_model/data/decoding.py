"""Decoding: image and mask files into uint8 arrays, and every damaged or foreign file into one kind of error."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from src_model.data.annotation import VOID, Labels
from src_model.data.class_schema import LARGEST_ID, MOST_CLASSES, ClassSchema
from src_model.data.images import Pixels
from src_model.data.region import Size
from src_model.exceptions import DataError

MaskDecoder = Callable[[Path], Labels]
"""Reads a mask file into (h, w) class indices."""

_Integers = npt.NDArray[np.integer]
_UNKNOWN = MOST_CLASSES
_COLOUR_MODES = frozenset({"RGB", "RGBA", "RGBX", "RGBa"})
_WIDE_MODES = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_GREY_STEP = {"L;2": 85, "L;4": 17}
_ENDINGS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
_TIFF_PARTS = ((273, 279), (324, 325))
"""Tags for where the strips or tiles of a TIFF begin and how many bytes they have."""
_DAMAGE = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """An image file in memory, before its pixels are understood.

    Attributes
    ----------
    image:
        Loaded; its file is closed.
    path:
        Where it came from, for messages.
    grey_step:
        What Pillow multiplied the values of 2- and 4-bit grey images with, to spread them over 0 … 255.
    """

    image: Image.Image
    path: Path
    grey_step: int = 1


class UnknownLabels(DataError):
    """A mask holds ids or colours that its class table does not know.

    Attributes
    ----------
    path:
        The mask.
    pixels:
        How many pixels hold each of them, by the id or colour as text.
    """

    def __init__(self, path: Path, schema: str, pixels: Mapping[str, int]) -> None:
        self.path = path
        self.pixels = dict(pixels)
        super().__init__(
            f"{path} holds {listed_counts(self.pixels)}, which the class table {schema} does not know. "
            "Add them to the table (ignored, if they do not matter) or choose the reader that fits."
        )


def listed_counts(pixels: Mapping[str, int], most: int = 8) -> str:
    """``id 42 (120 pixels), id 7 (3 pixels)``: the most frequent first."""
    ranked = sorted(pixels.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{value} ({count} pixel{'s' * (count != 1)})" for value, count in ranked[:most])
    return f"{text} and {len(ranked) - most} more" if len(ranked) > most else text


def read_header(path: Path) -> Size:
    """Height and width of an image file, from its header.

    A PNG or JPEG that does not end as it should is looked at more closely, and TIFF and BMP say how long they are, so
    that a file that was cut off while it was copied is found when a data set is opened and not in the middle of a run.

    Raises
    ------
    DataError
        If it is missing, no image, or cut off.
    """
    with _damage_reported(path), path.open("rb") as file, Image.open(file) as image:
        ending = _ENDINGS.get(str(image.format), b"")
        file.seek(-len(ending), 2)
        size = image.height, image.width
        if file.read() != ending:
            # Phones append data to JPEG files; an eighth of the size is enough to see whether the picture is whole.
            image.draft(image.mode, (image.width // 8, image.height // 8))
            image.load()
            file.seek(0)
            if ending not in file.read():
                raise EOFError("its end is missing")
        if file.seek(0, 2) < _end_of_pixels(image):
            raise EOFError("its end is missing")
        return size


def read_image(path: Path) -> Pixels:
    """(h, w, 3) uint8 RGB of any image: grey and palette images are spread to three channels, alpha is dropped.

    Grey images of 16 bits are brought to 8 by the smallest of 8, 10, 12, 14 and 16 bits that holds their largest value:
    cameras store 10 or 12 bits in 16, which would come out nearly black otherwise.

    Raises
    ------
    DataError
        If the file is missing, damaged, or of a kind that has no 8-bit form.
    """
    image = load(path).image
    if image.mode in _WIDE_MODES:
        return np.repeat(_eight_bits(np.asarray(image), path)[..., np.newaxis], 3, axis=2)
    if image.mode == "F":
        raise DataError(f"{path} holds floating-point values. Convert it to 8 or 16 bits.")
    # Pillow warns when transparent palettes go to RGB in one step.
    whole = image.convert("RGBA") if image.mode == "P" else image
    return np.asarray(whole.convert("RGB"))


def load(path: Path) -> LoadedImage:
    """Read an image file whole.

    Raises
    ------
    DataError
        If it is missing, damaged or cut off.
    """
    with _damage_reported(path), Image.open(path) as image:
        raw_mode = image.tile[0].args if image.tile else None
        image.load()
        return LoadedImage(image, path, _GREY_STEP.get(raw_mode, 1) if isinstance(raw_mode, str) else 1)


def scaled_image(pixels: Pixels, size: Size) -> Pixels:
    """Bilinear, with the average over the covered area when it gets smaller."""
    return _resized(pixels, size, Image.Resampling.BILINEAR)


def scaled_labels(labels: Labels, size: Size) -> Labels:
    """Nearest neighbour: no class appears that was not there."""
    return _resized(labels, size, Image.Resampling.NEAREST)


def id_table(schema: ClassSchema) -> dict[int, int]:
    """Id in a mask → class index or VOID; 255 is VOID unless the schema says otherwise."""
    ignored = {VOID: VOID} | {entry.id: VOID for entry in schema.ignored}
    return ignored | {entry.id: index for index, entry in enumerate(schema.classes)}


class IndexMasks:
    """Decoder of masks whose pixels are ids: grey, palette (the index counts, not its colour) and 16-bit images.

    Parameters
    ----------
    name:
        Of the class table, for messages.
    table:
        Id → class index or VOID.
    """

    def __init__(self, name: str, table: Mapping[int, int]) -> None:
        self._name = name
        self._lookup = np.full(LARGEST_ID + 2, _UNKNOWN, dtype=np.uint8)
        self._lookup[list(table)] = list(table.values())

    def __call__(self, path: Path) -> Labels:
        """(h, w) class indices of a mask file.

        Raises
        ------
        UnknownLabels
            If there are ids without a class.
        DataError
            If the file is damaged or holds colours.
        """
        return self.labels_of(load(path))

    def labels_of(self, mask: LoadedImage) -> Labels:
        """(h, w) class indices of a mask that has been read."""
        ids = _ids(mask)
        # Wider than 16 bits: -1 and everything too large fall on the last place, which no class has.
        labels = self._lookup.take(ids.clip(-1, LARGEST_ID + 1) if ids.dtype.itemsize > 2 else ids)
        unknown = labels == _UNKNOWN
        if unknown.any():
            values, counts = np.unique(ids[unknown], return_counts=True)
            raise UnknownLabels(mask.path, self._name, {f"id {v}": int(n) for v, n in zip(values, counts, strict=True)})
        return labels


class ColourMasks:
    """Decoder of masks whose pixels are the colours of the classes.

    Parameters
    ----------
    schema:
        With a colour of its own for each class and each ignored entry.
    """

    def __init__(self, schema: ClassSchema) -> None:
        self._schema = schema

    def __call__(self, path: Path) -> Labels:
        """(h, w) class indices of a mask file.

        Raises
        ------
        UnknownLabels
            If there are colours without a class.
        DataError
            If the file is damaged, or two entries of the schema have the same colour.
        """
        return self.labels_of(load(path))

    def labels_of(self, mask: LoadedImage) -> Labels:
        """(h, w) class indices of a mask that has been read."""
        four_channels = np.asarray(mask.image.convert("RGBA"))
        packed = four_channels.view("<u4")[..., 0] & 0xFFFFFF
        labels = self._lookup.take(packed)
        unknown = labels == _UNKNOWN
        if unknown.any():
            values, counts = np.unique(packed[unknown], return_counts=True)
            colours = (f"colour {v & 255},{v >> 8 & 255},{v >> 16}" for v in values.tolist())
            raise UnknownLabels(mask.path, self._schema.name, dict(zip(colours, counts.tolist(), strict=True)))
        return labels

    @cached_property
    def _lookup(self) -> npt.NDArray[np.uint8]:
        # 16 MiB, made with the first colour mask: one look-up a pixel, whatever the number of classes.
        lookup = np.full(1 << 24, _UNKNOWN, dtype=np.uint8)
        entries = [(entry, index) for index, entry in enumerate(self._schema.classes)]
        for entry, index in [*entries, *((entry, VOID) for entry in self._schema.ignored)]:
            red, green, blue = entry.colour
            packed = red | green << 8 | blue << 16
            if lookup[packed] != _UNKNOWN:
                raise DataError(
                    f"The class table {self._schema.name} gives the colour {red},{green},{blue} twice, also to "
                    f"{entry.name!r}. Colour masks need a colour of its own for each entry."
                )
            lookup[packed] = index
        return lookup


class IndexOrColourMasks:
    """Decoder that takes each mask as what it is: colours if it has three channels, ids otherwise."""

    def __init__(self, schema: ClassSchema) -> None:
        self._index = IndexMasks(schema.name, id_table(schema))
        self._colour = ColourMasks(schema)

    def __call__(self, path: Path) -> Labels:
        """(h, w) class indices of a mask file; raises as `IndexMasks` and `ColourMasks` do."""
        mask = load(path)
        return (self._colour if mask.image.mode in _COLOUR_MODES else self._index).labels_of(mask)


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as exc:
        raise DataError(
            f"Cannot read {path}: {exc}. The file is damaged or cut off; copy it again or remove it."
        ) from exc


def _end_of_pixels(image: ImageFile) -> int:
    """Bytes up to the end of the pixels as far as the header tells; at least so long is a whole file."""
    if isinstance(image, TiffImageFile):
        for offsets, lengths in _TIFF_PARTS:
            if offsets in image.tag_v2 and lengths in image.tag_v2:
                return max(map(sum, zip(image.tag_v2[offsets], image.tag_v2[lengths], strict=False)), default=0)
    if image.format == "BMP" and image.tile and image.tile[0].codec_name == "raw":
        tile = image.tile[0]
        if isinstance(tile.args, tuple):
            bytes_a_row = int(tile.args[1])
            return tile.offset + bytes_a_row * image.height
    return 0


def _eight_bits(values: _Integers, path: Path) -> npt.NDArray[np.uint8]:
    if values.min(initial=0) < 0 or values.max(initial=0) > LARGEST_ID:
        raise DataError(f"{path} holds values outside 0 to {LARGEST_ID}. Convert it to 8 or 16 bits.")
    depth = max(8, int(values.max(initial=0)).bit_length())
    return np.right_shift(values, depth + depth % 2 - 8).astype(np.uint8)


def _ids(mask: LoadedImage) -> _Integers:
    image = mask.image
    if image.mode in _COLOUR_MODES:
        raise DataError(
            f"{mask.path} is a colour image where a mask with class ids was expected. "
            "Use the reader folder with a class table that gives the colours."
        )
    if image.mode in {"LA", "PA"}:
        image = image.getchannel(0)
    if image.mode not in _WIDE_MODES | {"1", "L", "P"}:
        raise DataError(
            f"{mask.path} is an image of kind {image.mode}, which is no mask. Save it as an 8-bit index PNG."
        )
    ids: _Integers = np.asarray(image)
    if image.mode == "1":
        return ids.astype(np.uint8)
    return ids // np.uint8(mask.grey_step) if mask.grey_step > 1 else ids


def _resized(array: npt.NDArray[np.uint8], size: Size, how: Image.Resampling) -> npt.NDArray[np.uint8]:
    height, width = size
    return np.asarray(Image.fromarray(array).resize((width, height), how))
