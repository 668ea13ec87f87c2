"""The published oracle: fetched, and read without trusting the file.

The parameters were published as a pickle, and a pickle is a program. Three fences stand between
that program and this process. Only the instructions that lists of arrays need are admitted, and
few of them. Only the names of numpy's arrays may be named, and each is answered by an inert
stand-in that remembers what it was given. And no array is made before its recorded shape, dtype and
data agree, nor copied before all together are known to be small.
"""

import io
import math
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np

from data.download import fetch
from data.source import Source
from files.errors import DataError, shown

PUBLISHED_ORACLE = Source(
    name="the published oracle",
    url=(
        "https://raw.githubusercontent.com/LantaoYu/SeqGAN/"
        "e2b52fb6309851b14765290e8a972ccac09f1bec/save/target_params_py3.pkl"
    ),
    filename="target_params_py3.pkl",
    size=1_334_000,
    sha256="5ac794a695dd6e0eb2bb689f3dfda55e4e0053e8c0399e6242630a95f1e60e8a",
    licence="none stated by its authors; fetched from them, not passed on",
    citation=(
        "Lantao Yu, Weinan Zhang, Jun Wang, Yong Yu: SeqGAN: Sequence Generative Adversarial Nets "
        "with Policy Gradient. AAAI 2017."
    ),
    other_names=("oracle_params.pkl",),
)

# What the 15 arrays are, and their shapes, in the published order.
_GATES = ("input gate", "forget gate", "output gate", "candidate")
_LAYOUT = [
    ("embedding", "VE"),
    *(
        (f"{gate}, {part}", shape)
        for gate in _GATES
        for part, shape in (("kernel", "EH"), ("recurrent kernel", "HH"), ("bias", "H"))
    ),
    ("output kernel", "HV"),
    ("output bias", "V"),
]

_MAX_BYTES = 64 << 20  # the published file has 1.3 MB
_MAX_INSTRUCTIONS = 10_000  # the published file has 371
_EXPECTED = (
    "expected a list of 15 float arrays [V, E], 4 x ([E, H], [H, H], [H]), [H, V], [V], "
    "as saved by pickle.dump(arrays, file, protocol=4): give such a file, or none to use the "
    "published oracle"
)

# Instructions of the protocols 3 to 5 that lists of arrays use. None builds a dictionary or a set,
# whose hashing of nested tuples can be made to take forever, and none calls by another way.
_INSTRUCTIONS = frozenset(
    "PROTO FRAME STOP MARK EMPTY_LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 BINUNICODE SHORT_BINUNICODE "
    "BINBYTES SHORT_BINBYTES BYTEARRAY8 BINPUT LONG_BINPUT MEMOIZE BINGET LONG_BINGET "
    "GLOBAL STACK_GLOBAL REDUCE BUILD".split()
)


def oracle_file() -> Path:
    """The file of the published parameters, downloaded once. Raises `DataError`."""
    return fetch(PUBLISHED_ORACLE, hint="or use --oracle seed:1, which needs no download")


def read_oracle_parameters(path: Path) -> list[np.ndarray]:
    """Reads the parameters of an oracle from a pickle, running nothing that the file asks for.

    Args:
        path: a pickled list of 15 float32 or float64 arrays.

    Returns:
        15 float32 arrays: embedding `[V, E]`; kernel `[E, H]`, recurrent kernel `[H, H]` and bias
        `[H]` of the input, forget, output and candidate gates; output kernel `[H, V]`, bias `[V]`.

    Raises:
        DataError: the file does not exist, or holds anything else.
    """
    path = Path(path)
    try:
        return _parameters(_unpickle(_read(path)))
    except _Unusable as error:
        raise DataError(f"{path} {error}; {_EXPECTED}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {_EXPECTED}.") from error
    except Exception as error:  # unpickling a corrupt file may raise anything
        raise DataError(f"{path} is truncated, corrupt or not a pickle; {_EXPECTED}.") from error


class _Unusable(Exception):
    """Why a file is refused, as the rest of a sentence that starts with its path."""


def _read(path: Path) -> bytes:
    if not path.exists():
        raise _Unusable("does not exist")
    if not path.is_file():  # a pipe or a device could block or never end
        raise _Unusable("is a folder" if path.is_dir() else "is not a regular file")
    with open(path, "rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if not content:
        raise _Unusable("is empty")
    if len(content) > _MAX_BYTES:
        raise _Unusable(f"has more than {_MAX_BYTES >> 20} MiB")
    return content


class _SavedArray:
    """Stands for an array: what the file says of it, unchecked."""

    def __init__(self, *arguments):
        self.state = None

    def __setstate__(self, state):
        self.state = state


class _SavedDtype:
    """Stands for a dtype: what the file says of it, unchecked."""

    def __init__(self, *arguments):
        self.arguments = arguments
        self.state = None

    def __setstate__(self, state):
        self.state = state


def _saved_from_buffer(data=None, dtype=None, shape=None, order=None, *_) -> _SavedArray:
    """Protocol 5's way to say an array, brought into the form of the older protocols."""
    saved = _SavedArray()
    saved.state = (1, shape, dtype, order == "F", data) if order in ("C", "F") else None
    return saved


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): None,  # an argument of `_reconstruct`; never called
    ("numpy", "dtype"): _SavedDtype,
    ("numpy.core.multiarray", "_reconstruct"): _SavedArray,
    ("numpy._core.multiarray", "_reconstruct"): _SavedArray,
    ("numpy.core.numeric", "_frombuffer"): _saved_from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _saved_from_buffer,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _stand_in(module, name)


def _stand_in(module: str, name: str) -> Any:
    if (module, name) not in _STAND_INS:
        raise _Unusable(
            f"names {shown(f'{module}.{name}')}, which a parameter file has no use for: "
            "refused without running it"
        )
    return _STAND_INS[module, name]


def _unpickle(content: bytes) -> object:
    """The pickled object, with stand-ins for arrays and dtypes."""
    for count, (instruction, argument, _) in enumerate(pickletools.genops(content), start=1):
        if instruction.name in ("GLOBAL", "INST"):
            _stand_in(*str(argument).split(" ", maxsplit=1))
        if instruction.name not in _INSTRUCTIONS:
            raise _Unusable(
                f"holds the pickle instruction {instruction.name}, which a parameter file has no "
                "use for: refused without running it"
            )
        if count > _MAX_INSTRUCTIONS:
            raise _Unusable(f"holds more than {_MAX_INSTRUCTIONS} pickle instructions")
        # The unpickler makes room for all slots up to this one.
        if instruction.name == "LONG_BINPUT" and int(argument or 0) > _MAX_INSTRUCTIONS:
            raise _Unusable(f"numbers a value {argument}, more than it can hold")
    return _Unpickler(io.BytesIO(content)).load()


def _parameters(saved: object) -> list[np.ndarray]:
    if not isinstance(saved, list | tuple):
        raise _Unusable(f"holds one {_kind(saved)}")
    if len(saved) != len(_LAYOUT):
        raise _Unusable(f"holds {len(saved)} entries")
    labels = [f"array {k} ({name})" for k, (name, _) in enumerate(_LAYOUT)]
    arrays = [_view(entry, label) for entry, label in zip(saved, labels, strict=True)]

    # The first array that uses a letter sets it, so the message blames the first that disagrees.
    sizes: dict[str, int] = {}
    for array, label, (_, letters) in zip(arrays, labels, _LAYOUT, strict=True):
        if array.ndim == len(letters):
            for letter, size in zip(letters, array.shape, strict=True):
                sizes.setdefault(letter, size)
        expected = tuple(sizes.get(letter, letter) for letter in letters)
        if array.shape != expected:
            form = ", ".join(str(size) for size in expected)
            raise _Unusable(f"holds as {label} the shape {list(array.shape)} instead of [{form}]")

    if sum(array.nbytes for array in arrays) > _MAX_BYTES:  # the entries may share their bytes
        raise _Unusable(f"holds arrays of more than {_MAX_BYTES >> 20} MiB")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite: reported below
        parameters = [array.astype(np.float32, order="C") for array in arrays]
    for array, label in zip(parameters, labels, strict=True):
        if not np.isfinite(array).all():
            raise _Unusable(f"holds numbers in {label} that are not finite in float32")
    return parameters


def _view(saved: object, label: str) -> np.ndarray:
    """The array that a stand-in describes, as a view of the file's bytes."""
    if not isinstance(saved, _SavedArray):
        raise _Unusable(f"holds as {label} one {_kind(saved)}")
    match saved.state:
        case (
            int(),
            tuple() as shape,
            _SavedDtype(arguments=(str() as kind, *_), state=(_, str() as byte_order, *_)),
            bool() as fortran,
            data,
        ):
            pass
        case _:
            raise _Unusable(f"holds as {label} an array without shape, dtype or data")
    if kind not in ("f4", "f8") or byte_order not in ("<", ">"):
        raise _Unusable(f"holds as {label} the dtype {shown(byte_order + kind)}")
    if not isinstance(data, bytes | bytearray):
        raise _Unusable(f"holds as {label} the data as one {_kind(data)}")
    if not 1 <= len(shape) <= 2 or not all(type(size) is int and size > 0 for size in shape):
        raise _Unusable(f"holds as {label} a shape that is not one or two sizes above 0")
    dtype = np.dtype(byte_order + kind)
    if math.prod(shape) * dtype.itemsize != len(data):
        raise _Unusable(f"holds as {label} the shape {list(shape)} with {len(data)} bytes of data")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _kind(value: object) -> str:
    return "array" if isinstance(value, _SavedArray) else type(value).__name__.lstrip("_")
