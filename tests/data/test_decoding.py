"""Decoding: every kind of image becomes RGB, every mask class indices, and every bad file one kind of error."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.decoding import (
    ColourMasks,
    IndexMasks,
    IndexOrColourMasks,
    UnknownLabels,
    id_table,
    read_header,
    read_image,
    scaled_image,
    scaled_labels,
)
from src_model.exceptions import DataError

SCHEMA = ClassSchema(
    "streets",
    (SemanticClass(7, "road", (128, 64, 128)), SemanticClass(2, "sky", (1, 2, 3))),
    ignored=(SemanticClass(9, "frame", (0, 0, 0)),),
)
# Pillow warns of some damage before it fails, or of a picture that a flipped bit made enormous.
TOLERATES_WARNINGS = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)


def index_masks(schema: ClassSchema = SCHEMA) -> IndexMasks:
    return IndexMasks(schema.name, id_table(schema))


def save(path: Path, array: np.ndarray, **options: object) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


def png(width: int, height: int, bits: int, colour_type: int, rows: bytes) -> bytes:
    """A PNG file by hand, for kinds that Pillow reads but does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# --- images ---------------------------------------------------------------------------------------------------------


def test_grey_images_are_spread_to_three_channels(tmp_path: Path) -> None:
    grey = np.array([[0, 100], [200, 255]], dtype=np.uint8)
    image = read_image(save(tmp_path / "a.png", grey))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.stack([grey] * 3, axis=-1))


def test_alpha_is_dropped(tmp_path: Path) -> None:
    rgba = np.array([[[10, 20, 30, 0], [40, 50, 60, 128]]], dtype=np.uint8)
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", rgba)), rgba[..., :3])


def test_palette_images_show_their_colours_also_with_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), mode=None)
    image = image.convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=b"\x00\x80")
    assert read_image(tmp_path / "a.png").tolist() == [[[10, 20, 30], [40, 50, 60]]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 256, 32_768, 65_535], [0, 1, 128, 255]),
        ([0, 16, 2048, 4095], [0, 1, 128, 255]),
        ([0, 4, 512, 1023], [0, 1, 128, 255]),
        ([0, 1, 128, 255], [0, 1, 128, 255]),
    ],
)
def test_sixteen_bits_become_eight_by_the_bits_that_are_used(
    tmp_path: Path, values: list[int], expected: list[int]
) -> None:
    image = read_image(save(tmp_path / "a.png", np.array([values], dtype=np.uint16)))
    assert image.shape == (1, 4, 3)
    assert image[0, :, 1].tolist() == expected


def test_floating_point_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.tif.*floating-point.*8 or 16 bits"):
        read_image(save(tmp_path / "a.tif", np.zeros((2, 2), dtype=np.float32)))


# --- files that are damaged -----------------------------------------------------------------------------------------


@TOLERATES_WARNINGS
@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "bmp"])
def test_a_file_cut_off_anywhere_is_reported_as_data_error_or_read(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, size=(20, 30, 3), dtype=np.uint8)
    whole = save(tmp_path / f"whole.{ending}", noise).read_bytes()
    cut = tmp_path / f"cut.{ending}"
    for length in range(0, len(whole) - 37, 37):
        cut.write_bytes(whole[:length])
        with pytest.raises(DataError, match=rf"Cannot read .*cut\.{ending}.*copy it again"):
            (read_header(cut), read_image(cut))


@TOLERATES_WARNINGS
@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "bmp"])
def test_a_file_that_was_cut_off_is_found_when_its_header_is_read(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, size=(20, 30, 3), dtype=np.uint8)
    for array in (noise, noise[..., 0]):
        path = save(tmp_path / f"a.{ending}", array)
        assert read_header(path) == (20, 30)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        with pytest.raises(DataError, match="cut off"):
            read_header(path)


def test_data_appended_to_a_picture_does_not_matter(tmp_path: Path) -> None:
    for ending in ("png", "jpg"):
        path = save(tmp_path / f"a.{ending}", np.zeros((20, 30, 3), dtype=np.uint8))
        path.write_bytes(path.read_bytes() + b"made by a telephone")
        assert read_header(path) == (20, 30)


@TOLERATES_WARNINGS
@given(st.binary(max_size=200))
@SHARED_FOLDER
def test_a_file_of_anything_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    for read in (read_header, read_image, index_masks()):
        with pytest.raises(DataError, match=r"Cannot read .*a\.png"):
            read(path)


@TOLERATES_WARNINGS
@given(st.data())
@SHARED_FOLDER
def test_a_flipped_byte_is_read_or_a_data_error(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((6, 7), 7, dtype=np.uint8)).save(buffer, format="PNG")
    content = bytearray(buffer.getvalue())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "a.png"
    path.write_bytes(bytes(content))
    with suppress(DataError):
        index_masks()(path)


# --- masks ----------------------------------------------------------------------------------------------------------


def test_ids_become_indices_and_ignored_ones_void(tmp_path: Path) -> None:
    mask = save(tmp_path / "a.png", np.array([[7, 2, 9, 255]], dtype=np.uint8))
    labels = index_masks()(mask)
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[0, 1, VOID, VOID]]


def test_a_class_may_have_the_id_255(tmp_path: Path) -> None:
    binary = ClassSchema("binary", (SemanticClass(0, "no", (0, 0, 0)), SemanticClass(255, "yes", (255, 255, 255))))
    mask = save(tmp_path / "a.png", np.array([[0, 255]], dtype=np.uint8))
    assert index_masks(binary)(mask).tolist() == [[0, 1]]


@pytest.mark.parametrize("decoder", [index_masks(), IndexOrColourMasks(SCHEMA)])
def test_palette_masks_are_read_as_indices_never_as_colours(tmp_path: Path, decoder: IndexMasks) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 255, 255] * 7 + [1, 2, 3])
    image.putdata([7, 2])
    image.save(tmp_path / "a.png")
    assert decoder(tmp_path / "a.png").tolist() == [[0, 1]]


def test_sixteen_bit_masks_hold_large_ids(tmp_path: Path) -> None:
    large = ClassSchema("large", (SemanticClass(300, "a", (0, 0, 0)), SemanticClass(65_535, "b", (0, 0, 0))))
    mask = save(tmp_path / "a.png", np.array([[300, 65_535, 255]], dtype=np.uint16))
    assert index_masks(large)(mask).tolist() == [[0, 1, VOID]]


def test_wide_masks_beyond_sixteen_bits_are_unknown(tmp_path: Path) -> None:
    schema = ClassSchema("ends", (SemanticClass(0, "first", (0, 0, 0)), SemanticClass(65_535, "last", (1, 1, 1))))
    mask = save(tmp_path / "a.tif", np.array([[0, 65_535, -1, 70_000]], dtype=np.int32))
    with pytest.raises(UnknownLabels) as caught:
        index_masks(schema)(mask)
    assert caught.value.pixels == {"id -1": 1, "id 70000": 1}


@pytest.mark.parametrize(("bits", "rows"), [(4, b"\x00\x72"), (2, b"\x00\x60"), (1, b"\x00\x40")])
def test_masks_of_few_bits_keep_their_ids(tmp_path: Path, bits: int, rows: bytes) -> None:
    ids = {4: (7, 2), 2: (1, 2), 1: (0, 1)}[bits]
    schema = ClassSchema("few", tuple(SemanticClass(number, f"class {number}", (0, 0, 0)) for number in ids))
    (tmp_path / "a.png").write_bytes(png(2, 1, bits, 0, rows))
    assert index_masks(schema)(tmp_path / "a.png").tolist() == [[0, 1]]


def test_unknown_ids_are_counted_and_named(tmp_path: Path) -> None:
    mask = save(tmp_path / "a.png", np.array([[7, 42, 42, 5]], dtype=np.uint8))
    with pytest.raises(
        UnknownLabels, match=r"a\.png holds id 42 \(2 pixels\), id 5 \(1 pixel\).*streets.*Add them"
    ) as caught:
        index_masks()(mask)
    assert caught.value.pixels == {"id 42": 2, "id 5": 1}
    assert caught.value.path == mask


def test_a_file_that_is_no_index_image_is_no_mask(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.tif is an image of kind F, which is no mask"):
        index_masks()(save(tmp_path / "a.tif", np.zeros((2, 2), dtype=np.float32)))


def test_grey_masks_with_transparency_are_read_by_their_grey(tmp_path: Path) -> None:
    Image.merge("LA", [Image.new("L", (2, 1), 7), Image.new("L", (2, 1), 9)]).save(tmp_path / "a.png")
    assert index_masks()(tmp_path / "a.png").tolist() == [[0, 0]]


def test_images_of_more_than_sixteen_bits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.tif holds values outside 0 to 65535"):
        read_image(save(tmp_path / "a.tif", np.array([[70_000]], dtype=np.int32)))


def test_a_colour_mask_where_ids_are_expected_is_refused(tmp_path: Path) -> None:
    mask = save(tmp_path / "a.png", np.zeros((2, 2, 3), dtype=np.uint8))
    with pytest.raises(DataError, match=r"a\.png is a colour image.*reader folder"):
        index_masks()(mask)


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_become_indices(tmp_path: Path, channels: int) -> None:
    colours = np.array([[[128, 64, 128, 255], [1, 2, 3, 9], [0, 0, 0, 0]]], dtype=np.uint8)[..., :channels]
    mask = save(tmp_path / "a.png", np.ascontiguousarray(colours))
    assert ColourMasks(SCHEMA)(mask).tolist() == [[0, 1, VOID]]
    assert IndexOrColourMasks(SCHEMA)(mask).tolist() == [[0, 1, VOID]]


def test_unknown_colours_are_counted_and_named(tmp_path: Path) -> None:
    colours = np.array([[[128, 64, 128], [3, 2, 1], [3, 2, 1]]], dtype=np.uint8)
    with pytest.raises(UnknownLabels, match=r"colour 3,2,1 \(2 pixels\)"):
        ColourMasks(SCHEMA)(save(tmp_path / "a.png", colours))


def test_two_classes_of_one_colour_are_refused_in_colour_masks_only(tmp_path: Path) -> None:
    twins = ClassSchema("twins", (SemanticClass(0, "a", (5, 5, 5)), SemanticClass(1, "b", (5, 5, 5))))
    decoder = IndexOrColourMasks(twins)
    assert decoder(save(tmp_path / "a.png", np.array([[0, 1]], dtype=np.uint8))).tolist() == [[0, 1]]
    with pytest.raises(DataError, match="twins gives the colour 5,5,5 twice, also to 'b'"):
        decoder(save(tmp_path / "b.png", np.full((1, 1, 3), 5, dtype=np.uint8)))


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 1, VOID])))
@SHARED_FOLDER
def test_label_maps_survive_as_ids_and_as_colours(tmp_path: Path, labels: np.ndarray) -> None:
    ids = np.full(256, 9, dtype=np.uint8)
    ids[:2] = SCHEMA.ids
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[:2] = SCHEMA.colours
    np.testing.assert_array_equal(index_masks()(save(tmp_path / "a.png", ids[labels])), labels)
    np.testing.assert_array_equal(ColourMasks(SCHEMA)(save(tmp_path / "b.png", colours[labels])), labels)


# --- scaling --------------------------------------------------------------------------------------------------------


def test_images_are_averaged_and_masks_are_not() -> None:
    left_and_right = np.array([[0, 0, 200, 200]] * 2, dtype=np.uint8)
    assert scaled_labels(left_and_right, (1, 2)).tolist() == [[0, 200]]
    checks = np.zeros((8, 8, 3), dtype=np.uint8)
    checks[::2] = 200
    assert scaled_image(checks, (2, 4)).shape == (2, 4, 3)
    assert abs(scaled_image(checks, (2, 4)).astype(int) - 100).max() <= 25


@given(arrays.arrays(np.uint8, (6, 5)), st.integers(1, 12), st.integers(1, 12))
def test_scaling_a_mask_invents_no_class(labels: np.ndarray, height: int, width: int) -> None:
    scaled = scaled_labels(labels, (height, width))
    assert scaled.shape == (height, width)
    assert set(np.unique(scaled)) <= set(np.unique(labels))
