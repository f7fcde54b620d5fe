"""Torch beside OpenGL: how torch is imported into a process that draws already."""

from __future__ import annotations

import sys


def import_engine() -> None:
    """Import torch and the engine of a person's run; seconds the first time, nothing after that.

    Torch's GPU builds bring triton, which torch.compile needs and nothing here. Its LLVM and that of Mesa, which draws
    the canvas without a graphics card, do not bear each other: imported after the first picture was drawn, triton ends
    the process with a segmentation fault (tried: triton of torch 2, Mesa's llvmpipe, in any thread). So torch is told
    that there is no triton, unless it is there already.
    """
    if sys.platform.startswith("linux") and "torch" not in sys.modules and "triton" not in sys.modules:
        sys.modules["triton"] = None  # type: ignore[assignment]  # how Python says that a module cannot be imported
    import src_model.active_learning.person_run  # noqa: F401 - late: it brings torch
