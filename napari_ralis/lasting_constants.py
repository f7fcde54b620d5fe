"""Lasting None, True and False: what keeps Python alive under PySide6."""

from __future__ import annotations

import ctypes
import sys

from qtpy import PYSIDE6

_REFERENCES = 2**40
"""More than a process that runs for a year gives away."""


def make_constants_last() -> None:
    """Give None, True and False references that nobody can use up.

    PySide6 6.12 hands them out as Python 3.12 and newer may, where they are immortal: without counting. So before 3.12
    every ``emit`` takes one reference to True, every ``disconnect`` that finds nothing one to False, and every turn of
    the event loop one to None. They run out after some thousands, and the process ends with "deallocating None" or
    "deallocating True or False". The number written here is the object's own counter; nothing else reads it. Twice is
    harmless.
    """
    if PYSIDE6 and sys.version_info < (3, 12) and sys.implementation.name == "cpython":
        for constant in (None, True, False):
            references = ctypes.c_ssize_t.from_address(id(constant))
            if references.value < _REFERENCES:
                references.value += _REFERENCES
