"""Array cache: what was decoded lately, within a fixed number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


class ArrayCache:
    """Least recently used uint8 arrays are dropped first; the arrays handed out are read-only, since they are shared.

    Threads may ask at the same time: at worst both make the same array.

    Parameters
    ----------
    capacity:
        Bytes; 0 keeps nothing.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._arrays: OrderedDict[Hashable, Bytes] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    @property
    def used(self) -> int:
        """Bytes kept, never more than the capacity."""
        return self._used

    def get(self, key: Hashable, make: Callable[[], Bytes]) -> Bytes:
        """The array of this key, from memory or made now. One larger than the whole cache is not kept."""
        with self._lock:
            found = self._arrays.get(key)
            if found is not None:
                self._arrays.move_to_end(key)
                return found
        made = make()
        made.setflags(write=False)
        with self._lock:
            self._keep(key, made)
        return made

    def forget(self, key: Hashable) -> None:
        """Drop one array, if it is kept."""
        with self._lock:
            dropped = self._arrays.pop(key, None)
            self._used -= 0 if dropped is None else dropped.nbytes

    def copy(self) -> ArrayCache:
        """A cache of its own with the same arrays, which take no memory twice."""
        other = ArrayCache(self._capacity)
        with self._lock:
            other._arrays, other._used = self._arrays.copy(), self._used
        return other

    def _keep(self, key: Hashable, array: Bytes) -> None:
        if key in self._arrays or array.nbytes > self._capacity:
            return
        self._arrays[key] = array
        self._used += array.nbytes
        while self._used > self._capacity:
            _, oldest = self._arrays.popitem(last=False)
            self._used -= oldest.nbytes
