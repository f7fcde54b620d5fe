"""A lasting None: what keeps Python alive under PySide6."""

from __future__ import annotations

import ctypes
import sys

from qtpy import PYSIDE6

_REFERENCES = 2**40
"""More than a process that runs for a year gives away."""


def make_none_last() -> None:
    """Give None references that nobody can use up.

    With PySide6 6.12 something in C gives a reference to None away with every few signals. Before Python 3.12, where
    None became immortal, they run out after some thousands of events, and the process ends with "none_dealloc:
    deallocating None". The number written here is the object's own counter; nothing else reads it. Twice is harmless.
    """
    if PYSIDE6 and sys.version_info < (3, 12) and sys.implementation.name == "cpython":
        references = ctypes.c_ssize_t.from_address(id(None))
        if references.value < _REFERENCES:
            references.value += _REFERENCES
