from __future__ import annotations

import pytest

from src_model.exceptions import DataError, EngineFailure
from src_model.segmentation.failures import machine_failures


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory.\nlong story"), MemoryError()])
def test_what_torch_and_the_allocator_raise_becomes_an_engine_failure(error: Exception) -> None:
    message = r"The scan failed: .*out of memory.*lower the batch"
    with pytest.raises(EngineFailure, match=message) as caught, machine_failures("The scan", "lower the batch."):
        raise error
    assert caught.value.__cause__ is error
    assert "long story" not in str(caught.value)


def test_other_errors_pass() -> None:
    with pytest.raises(DataError), machine_failures("The scan", "lower the batch."):
        raise DataError("no such image")
