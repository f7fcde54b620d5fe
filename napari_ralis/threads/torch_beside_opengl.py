"""Torch beside OpenGL: how torch is imported into a process that draws already, and when."""

from __future__ import annotations

import logging
import sys
from functools import cache
from threading import Thread

from napari_ralis.threads.collector import set_aside_more

logger = logging.getLogger(__name__)


def leave_triton_out() -> None:
    """Tell torch, before it is imported, that there is no triton.

    Torch's GPU builds bring triton, which torch.compile needs and nothing here. Its LLVM and that of Mesa, which draws
    the canvas without a graphics card, do not bear each other: imported after the first picture was drawn, triton ends
    the process with a segmentation fault (tried: triton of torch 2, Mesa's llvmpipe, in any thread). One that is there
    already stays.
    """
    if sys.platform.startswith("linux") and "torch" not in sys.modules and "triton" not in sys.modules:
        sys.modules["triton"] = None  # type: ignore[assignment]  # how Python says that a module cannot be imported


def import_engine() -> None:
    """Import torch and the engine of a person's run; seconds the first time, nothing after that."""
    leave_triton_out()
    import src_model.active_learning.person_run  # noqa: F401 - late: it brings torch


@cache
def import_engine_ahead() -> None:
    """Import the engine in a thread of its own, once a process, while a person chooses what to open.

    It takes most of the seconds until the first proposal. Who needs the engine sooner waits in `import_engine` for what
    is left. The thread is no daemon: closing napari hides its windows at once, and Python ends when the import has;
    torch must not be cut off in the middle of one.
    """
    Thread(target=_import_ahead, name="ralis-import").start()


def _import_ahead() -> None:
    try:
        import_engine()
    except Exception as error:  # noqa: BLE001 - whoever needs the engine meets it again, and tells it
        logger.info("The engine could not be imported ahead of time: %s", error)
    # What it brought: a million objects.
    set_aside_more()
