"""Colour planes: what is painted on three planes is what would be painted on pixels."""

from __future__ import annotations

import numpy as np

from src_model.data.streets.colour_planes import as_bytes, coloured, mix, tone


def test_each_kind_gets_its_tint() -> None:
    kinds = np.array([[0, 7], [3, 7]], dtype=np.uint8)
    planes = coloured(kinds, {0: (1, 2, 3), 3: (4, 5, 6), 7: (7, 8, 9)})
    assert planes.dtype == np.float32
    np.testing.assert_array_equal(planes.transpose(1, 2, 0), [[[1, 2, 3], [7, 8, 9]], [[4, 5, 6], [7, 8, 9]]])


def test_mixing_changes_the_pixels_of_the_mask_and_no_others() -> None:
    planes = np.full((3, 2, 2), 100, dtype=np.float32)
    where = np.array([[True, False], [False, True]])
    mix(planes, where, 0.5, np.array([1, 2], dtype=np.float32), (10, 20, 30))
    np.testing.assert_array_equal(planes[:, 0, 0], [60, 70, 80])
    np.testing.assert_array_equal(planes[:, 1, 1], [70, 90, 110])
    assert (planes[:, ~where] == 100).all()


def test_darkening_keeps_the_hue() -> None:
    planes = np.zeros((3, 1, 2), dtype=np.float32) + tone((200, 100, 50))
    mix(planes, np.array([[True, False]]), 0.5)
    np.testing.assert_array_equal(planes[:, 0], [[100, 200], [50, 100], [25, 50]])


def test_bytes_are_cut_at_black_and_white() -> None:
    planes = np.array([-5, 0, 12.9, 255, 300], dtype=np.float32).reshape(1, 1, 5)
    assert as_bytes(planes).ravel().tolist() == [0, 0, 12, 255, 255]
