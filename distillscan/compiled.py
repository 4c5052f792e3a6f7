"""Compile loops with numba: each at its first use, and once per installation, since the result is kept.

It is kept where numba keeps what cannot stand beside its source: in the user's cache folder (``~/.cache/numba`` on
Linux), or in ``NUMBA_CACHE_DIR`` if that is set; never in the package's own folder, where leftovers would outlive the
package and which may be read-only. Where nothing can be written, every process compiles anew.

All work that can be done on whole columns is done by polars and numpy; the tests compare every loop with plain Python
(``tests/support/reference.py``). The caller makes the arrays that a loop writes to: making them in the loop would
double the time it takes to compile, and so would ``np.uint64(29)`` in place of a constant.
"""

import hashlib
import threading
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit, types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator, UserWideCacheLocator
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic

P = ParamSpec("P")
R = TypeVar("R")
Function = TypeVar("Function", bound=Callable[..., Any])

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I16 = npt.NDArray[np.int16]
Bools = npt.NDArray[np.bool_]

#: ``_nrt`` off: the loops make no arrays, and numba then loads them without all that it needs to compile.
_OPTIONS: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": False}
_INTERNAL: Final[dict[str, Any]] = {"no_cpython_wrapper": True}
_HELPERS: Final[dict[Any, str]] = {}


class _Locator:
    """Where a function is cached, and which sources it was compiled from: all of its folder, and this one."""

    def get_source_stamp(self) -> str:
        folder = Path(self._py_file).parent  # type: ignore[attr-defined]
        sources = (*sorted(folder.glob("*.py")), Path(__file__))
        return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Any:
        located = super().from_function(function, file)  # type: ignore[misc]
        # Without a home the folder would be made in the working directory.
        return located if located is not None and Path(located.get_cache_path()).is_absolute() else None


class _GivenFolder(_Locator, UserProvidedCacheLocator):
    """``NUMBA_CACHE_DIR``."""


class _UserFolder(_Locator, UserWideCacheLocator):
    """The user's cache folder."""


class _CacheImpl(CompileResultCacheImpl):
    _locator_classes: list[type[Any]] = [_GivenFolder, _UserFolder]  # noqa: RUF012 - as numba declares it


class _Cache(FunctionCache):
    """The cache of one function; a file that cannot be read or written is as good as none."""

    _impl_class = _CacheImpl

    def __init__(self, function: Callable[..., Any], before_compiling: Callable[[], None]) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._before_compiling = before_compiling

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            found = self._load_overload(signature, context)  # type: ignore[no-untyped-call]
        except Exception:  # whatever a damaged file makes of unpickling: the function is compiled and stored again
            self.flush()  # type: ignore[no-untyped-call]
            found = None
        if found is None:
            self._before_compiling()
            _compile_helpers(self._py_func)
        return found

    def save_overload(self, signature: Any, result: Any) -> None:
        try:
            super().save_overload(signature, result)  # type: ignore[no-untyped-call]
        except OSError:  # such as a full disk: the next process compiles again
            self.disable()  # type: ignore[no-untyped-call]


class Kernel(Generic[P, R]):
    """A function of numbers and numpy arrays, compiled for one signature at its first call."""

    __wrapped__: Callable[P, R]

    def __init__(self, function: Callable[P, R], signature: str) -> None:
        update_wrapper(self, function)
        self._function, self._signature = function, signature
        self._lock = threading.Lock()
        self._compiled: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the compiled function."""
        return (self._compiled or self.prepare())(*args, **kwargs)

    def prepare(self, before_compiling: Callable[[], None] = lambda: None) -> Callable[P, R]:
        """Return the compiled function: from the cache, or else compiled now, once ``before_compiling`` was called."""
        with self._lock:
            if self._compiled is None:
                compiled = njit(**_OPTIONS)(self._function)
                try:
                    compiled._cache = _Cache(self._function, before_compiling)  # ``cache=True`` would choose the folder
                except RuntimeError:  # there is no folder that can be written
                    before_compiling()
                    _compile_helpers(self._function)
                compiled.compile(self._signature)
                compiled.disable_compile()
                self._compiled = compiled
            return self._compiled


def kernel(signature: str) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Make a function a ``Kernel``; the signature is numba's (``i8[::1]`` is an array of 64-bit integers)."""
    return lambda function: Kernel(function, signature)


def helper(signature: str) -> Callable[[Function], Function]:
    """Make a function one that kernels can call; it is compiled with the first of them, for one signature."""

    def decorate(function: Function) -> Function:
        compiled: Any = njit(**_OPTIONS, **_INTERNAL)(function)
        _HELPERS[compiled] = signature
        return cast("Function", compiled)

    return decorate


def _compile_helpers(function: Callable[..., Any]) -> None:
    """Compile the helpers that a function calls, so that numba does not compile one for each kind of argument."""
    for name in function.__code__.co_names:
        called = function.__globals__.get(name)
        if isinstance(called, Dispatcher) and called in _HELPERS and not called.overloads:
            _compile_helpers(called.py_func)
            called.compile(_HELPERS[called])
            called.disable_compile()


def _load(bits: int) -> Any:
    """A function for compiled code that loads an unsigned number of so many bits from an address, aligned or not."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = context.get_value_type(signature.return_type).as_pointer()
        value = builder.load(builder.inttoptr(arguments[0], pointer))
        value.align = 1
        return value

    @intrinsic
    def load(_context: Any, address: Any) -> Any:  # noqa: ARG001 - its name is what compiled code sees
        return types.Integer.from_bitwidth(bits, signed=False)(types.int64), generate

    return load


#: The byte at an address.
byte_at: Final = _load(8)
#: Eight bytes from an address on, the first one lowest (all platforms numba compiles for are little-endian).
word_at: Final = _load(64)
