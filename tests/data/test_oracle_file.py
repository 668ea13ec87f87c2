"""The published oracle's file, and files that pretend to be one."""

import copyreg
import functools
import importlib
import io
import operator
import os
import pickle
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from data import oracle
from data.oracle import PUBLISHED_ORACLE, oracle_file, read_oracle_parameters
from data.source import Source
from files.errors import DataError

V, E, H = 7, 3, 2
SHAPES = [(V, E), *[(E, H), (H, H), (H,)] * 4, (H, V), (V,)]
PROTOCOLS = [3, 4, 5]


def make_arrays(dtype=np.float32):
    random = np.random.default_rng(0)
    return [random.standard_normal(shape).astype(dtype) for shape in SHAPES]


def replaced(index, value):
    arrays = make_arrays()
    arrays[index] = value
    return arrays


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "oracle.pkl"
        path.write_bytes(content)
        return path

    return write


def refusal(path):
    """The message of a file that is refused: soon, in one printable line that names it."""
    started = time.monotonic()
    with pytest.raises(DataError) as caught:
        read_oracle_parameters(path)
    assert time.monotonic() - started < 5  # on a busy machine; a bomb takes forever
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert message.isprintable() and len(message) < 800
    assert "expected a list of 15 float arrays" in message
    return message


def assert_valid_or_refused(path):
    started = time.monotonic()
    try:
        parameters = read_oracle_parameters(path)
    except DataError as error:
        assert str(error).isprintable()
    else:
        assert len(parameters) == 15
        assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in parameters)
    assert time.monotonic() - started < 5  # on a busy machine; a bomb takes forever


# The published file.


def published_file():
    repository = Path(__file__).resolve().parents[2]
    folder = os.environ.get("SEQGAN_DATA") or repository.parent / "shared" / "data"
    for name in (PUBLISHED_ORACLE.filename, *PUBLISHED_ORACLE.other_names):
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    pytest.skip("the published oracle's file is missing: set SEQGAN_DATA to its folder")


def test_published_file(monkeypatch):
    monkeypatch.setenv("SEQGAN_DATA", str(published_file().parent))
    parameters = read_oracle_parameters(oracle_file())
    gate = [(32, 32), (32, 32), (32,)]
    assert [a.shape for a in parameters] == [(5000, 32), *gate * 4, (32, 5000), (5000,)]
    for array in parameters:
        assert type(array) is np.ndarray
        assert array.dtype == np.float32
        assert array.flags.writeable and array.flags.c_contiguous
    np.testing.assert_allclose(parameters[0][0, :3], [-1.2031105, 0.20950122, 0.49583083])
    np.testing.assert_allclose(parameters[1][0, :2], [0.42463008, -0.07845126])
    np.testing.assert_allclose(parameters[14][:3], [-0.5415917, -1.1914384, 1.2074875])
    # All are draws of N(0, 1), as the paper says.
    everything = np.concatenate([array.ravel() for array in parameters])
    assert abs(everything.mean()) < 0.01 and abs(everything.std() - 1) < 0.01


def test_published_file_is_read_as_the_unrestricted_unpickler_reads_it():
    path = published_file()
    with open(path, "rb") as file:
        expected = pickle.load(file)
    for array, other in zip(read_oracle_parameters(path), expected, strict=True):
        np.testing.assert_array_equal(array, other)


def test_published_file_cut_off(write):
    content = published_file().read_bytes()
    random = np.random.default_rng(0)
    lengths = [0, 1, 2, 100, 153, 640_160, len(content) - 1]
    for length in [*lengths, *random.integers(len(content), size=40)]:
        refusal(write(content[:length]))


def test_published_file_mutated(write):
    """One byte changed: mostly in the instructions, since almost all bytes are numbers."""
    content = published_file().read_bytes()
    random = np.random.default_rng(1)
    places = [*random.integers(153, size=60), *random.integers(len(content), size=20)]
    for place in places:
        mutated = bytearray(content)
        mutated[place] ^= random.integers(1, 256)
        assert_valid_or_refused(write(mutated))


# Files of our own.


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8"])
def test_own_file(write, protocol, dtype):
    arrays = make_arrays(dtype)
    for given in (arrays, tuple(arrays), [np.asfortranarray(array) for array in arrays]):
        path = write(pickle.dumps(given, protocol))
        for array, expected in zip(read_oracle_parameters(path), arrays, strict=True):
            assert array.dtype == np.float32 and array.dtype.isnative
            assert array.flags.writeable and array.flags.c_contiguous
            np.testing.assert_array_equal(array, expected.astype(np.float32))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_read_only_and_repeated_arrays(write, protocol):
    arrays = make_arrays()
    arrays[6] = arrays[3]
    for array in arrays:
        array.flags.writeable = False
    path = write(pickle.dumps(arrays, protocol))
    parameters = read_oracle_parameters(path)
    np.testing.assert_array_equal(parameters[6], arrays[3])
    parameters[6][:] = 0
    np.testing.assert_array_equal(parameters[3], arrays[3])


def test_pickle_written_by_older_numpy(write):
    """Before numpy 2, `numpy._core` was `numpy.core`."""
    for protocol in PROTOCOLS:
        content = pickle.dumps(make_arrays(), protocol)
        for new, old in [
            (b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray"),
            (b"\x8c\x13numpy._core.numeric", b"\x8c\x12numpy.core.numeric"),
            (b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"),
        ]:
            content = content.replace(new, old)
        if protocol > 3:  # the frame, which tells its own length, is shorter now
            content = content[:2] + content[11:]
        assert b"numpy.core" in content and b"_core" not in content
        np.testing.assert_array_equal(read_oracle_parameters(write(content))[0], make_arrays()[0])


def test_published_oracle_is_fetched_with_another_way_named(monkeypatch, tmp_path):
    def fetch(source, *, hint):
        assert isinstance(source, Source) and source.url.startswith("https://")
        assert "--oracle seed:1" in hint
        path = tmp_path / "fetched"
        path.write_bytes(pickle.dumps(make_arrays(), 4))
        return path

    monkeypatch.setattr(oracle, "fetch", fetch)
    assert read_oracle_parameters(oracle_file())[14].shape == (V,)


# Files that cannot be read, or hold something else.


def test_missing_file_folder_and_pipe(tmp_path):
    assert "does not exist" in refusal(tmp_path / "missing.pkl")
    assert "is a folder" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "missing" / "oracle.pkl")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert "is not a regular file" in refusal(tmp_path / "pipe")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_file_without_permission(write):
    path = write(pickle.dumps(make_arrays()))
    path.chmod(0)
    assert "cannot be read (Permission denied)" in refusal(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b".", "corrupt"),
        (b"\x80\x04.", "corrupt"),
        (b"\x80\xff.", "corrupt"),
        (b"version https://git-lfs.github.com/spec/v1\n", ""),
        (b"<!DOCTYPE html><html></html>\n", ""),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}", ""),
        (b"PK\x03\x04", ""),
        (bytes(1000), ""),
    ],
)
def test_no_pickle(write, content, reason):
    assert reason in refusal(write(content))


STRUCTURES = {
    "14 arrays": (make_arrays()[:14], "holds 14 entries"),
    "16 arrays": ([*make_arrays(), np.ones(1, np.float32)], "holds 16 entries"),
    "no arrays": ([], "holds 0 entries"),
    "one array": (make_arrays()[0], "holds one array"),
    "None": (None, "holds one NoneType"),
    "text": ("parameters", "holds one str"),
    "dictionary": (dict(enumerate(make_arrays())), "EMPTY_DICT"),
    "lists of numbers": ([array.tolist() for array in make_arrays()], "BINFLOAT"),
    "a list among arrays": (replaced(4, [1, 2]), "as array 4 (forget gate, kernel) one list"),
    "None among arrays": (replaced(14, None), "as array 14 (output bias) one NoneType"),
    "a dtype among arrays": (replaced(0, np.dtype("f4")), "one SavedDtype"),
    "numpy numbers": ([np.float32(1)] * 15, "multiarray.scalar"),
    "integers": (make_arrays(np.int32), "as array 0 (embedding) the dtype <i4"),
    "halves": (replaced(3, np.ones(H, np.float16)), "as array 3 (input gate, bias) the dtype <f2"),
    "bytes": (replaced(3, np.ones(H, np.int8)), "the dtype |i1"),
    "booleans": (replaced(3, np.ones(H, bool)), "the dtype |b1"),
    "complex numbers": (replaced(3, np.ones(H, np.complex64)), "the dtype <c8"),
    "dates": (replaced(3, np.zeros(H, "M8[s]")), ""),
    "texts": (replaced(3, np.array(["a", "b"])), "the dtype <U1"),
    "records": (replaced(3, np.zeros(H, [("a", "f4")])), ""),
    "objects": (replaced(3, np.array([1, "b"], object)), "the dtype |O8"),
    "objects with None": (replaced(3, np.full(H, None)), "the dtype |O8"),
    "masked arrays": (replaced(3, np.ma.array([1.0, 2.0])), "numpy.ma.core._mareconstruct"),
    "a subclass": (replaced(3, np.ones(H, np.float32).view(np.recarray)), "recarray"),
    "a number": (replaced(3, np.array(1, np.float32)), "a shape that is not one or two sizes"),
    "three axes": (replaced(0, np.ones((V, E, 1), np.float32)), "a shape that is not one or two"),
    "no vocabulary": (replaced(0, np.ones((0, E), np.float32)), "sizes above 0"),
    "embedding with one axis": (replaced(0, np.ones(V, np.float32)), "shape [7] instead of [V, E]"),
    "embedding across": (
        replaced(0, make_arrays()[0].T),
        "as array 1 (input gate, kernel) the shape [3, 2] instead of [7, 2]",
    ),
    "long bias": (
        replaced(9, np.ones(H + 1, np.float32)),
        "as array 9 (output gate, bias) the shape [3] instead of [2]",
    ),
    "output across": (
        replaced(13, make_arrays()[13].T),
        "as array 13 (output kernel) the shape [7, 2] instead of [2, 7]",
    ),
    "long output bias": (replaced(14, np.ones(V + 1, np.float32)), "the shape [8] instead of [7]"),
    "another order": (make_arrays()[::-1], "as array 0 (embedding) the shape [7]"),
    "not a number": (
        replaced(3, np.array([1, np.nan])),
        "(input gate, bias) that are not finite",
    ),
    "infinite": (replaced(14, np.full(V, -np.inf)), "(output bias) that are not finite"),
    "beyond float32": (replaced(3, np.array([1, 1e39])), "not finite in float32"),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("what", STRUCTURES)
def test_something_else(write, what, protocol):
    content, reason = STRUCTURES[what]
    assert reason in refusal(write(pickle.dumps(content, protocol)))


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_protocols_of_python_2(write, protocol):
    assert "protocol=4" in refusal(write(pickle.dumps(make_arrays(), protocol)))


# Hostile files. Each would leave a marker if it were run; that is shown by running it.


class Call:
    """Pickles as the call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call

    def __call__(self):
        """The pickler wants what is called, which may be the result of a call, to be callable."""


HOSTILE_CALLS = {
    "os.system": lambda marker, code: Call(os.system, f"touch '{marker}'"),
    "subprocess": lambda marker, code: Call(subprocess.call, ["touch", marker]),
    "eval": lambda marker, code: Call(eval, code),
    "exec": lambda marker, code: Call(exec, code),
    "compile": lambda marker, code: Call(exec, Call(compile, code, "name", "exec")),
    "open": lambda marker, code: Call(open, marker, "w"),
    "io.FileIO": lambda marker, code: Call(io.FileIO, marker, "w"),
    "os.mkdir": lambda marker, code: Call(os.mkdir, marker),
    "operator.methodcaller": lambda marker, code: Call(
        Call(operator.methodcaller, "mkdir", marker), Call(importlib.import_module, "os")
    ),
    "operator.attrgetter": lambda marker, code: Call(
        Call(Call(operator.attrgetter, "mkdir"), Call(importlib.import_module, "os")), marker
    ),
    "getattr": lambda marker, code: Call(
        Call(getattr, Call(importlib.import_module, "os"), "mkdir"), marker
    ),
    "functools.partial": lambda marker, code: Call(Call(functools.partial, os.mkdir, marker)),
    "map": lambda marker, code: Call(list, Call(map, os.mkdir, [marker])),
    "a pickle in a pickle": lambda marker, code: Call(
        pickle.loads, pickle.dumps(Call(os.mkdir, marker))
    ),
    "numpy.savetxt": lambda marker, code: Call(np.savetxt, marker, [1, 2]),
    "numpy.memmap": lambda marker, code: Call(np.memmap, marker, "f4", "w+", 0, 4),
    "numpy.load": lambda marker, code: [
        Call(os.mkdir, marker),
        Call(np.load, f"{marker}.npy", None, True),
    ],
    "numpy.fromfile": lambda marker, code: Call(np.fromfile, Call(open, marker, "wb+"), "f4"),
    "ndarray.tofile": lambda marker, code: Call(np.ndarray.tofile, np.ones(2), marker),
    "an array of objects": lambda marker, code: np.array([Call(os.mkdir, marker)], object),
    "a 16th entry": lambda marker, code: [*make_arrays(), Call(os.mkdir, marker)],
    "a first entry": lambda marker, code: [Call(os.mkdir, marker), *make_arrays()[1:]],
}


def assert_hostile_and_refused(path, content, marker):
    path.write_bytes(content)
    assert "refused without running it" in refusal(path)
    assert not marker.exists()
    try:
        pickle.loads(content)
    except Exception:  # what comes after the deed does not matter
        pass
    assert marker.exists()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # files left open by what is run
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(os.name != "posix", reason="calls commands of POSIX")
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("what", HOSTILE_CALLS)
def test_hostile_call(tmp_path, what, protocol):
    marker = tmp_path / "marker"
    call = HOSTILE_CALLS[what](str(marker), f"open({str(marker)!r}, 'w').close()")
    assert_hostile_and_refused(tmp_path / "oracle.pkl", pickle.dumps(call, protocol), marker)


def text(value):
    """The instruction that pushes a text."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


MKDIR = b"cos\nmkdir\n"
HOSTILE_INSTRUCTIONS = {
    "REDUCE": lambda marker: MKDIR + b"(" + text(marker) + b"tR.",
    "INST": lambda marker: b"(" + text(marker) + b"ios\nmkdir\n.",
    "OBJ": lambda marker: b"(" + MKDIR + text(marker) + b"o.",
    "NEWOBJ": lambda marker: (
        b"\x80\x02cnumpy\nmemmap\n(" + text(marker) + text("f4") + text("w+") + b"K\x00K\x04t\x81."
    ),
    "NEWOBJ_EX": lambda marker: (
        b"\x80\x04cnumpy\nmemmap\n(" + text(marker) + text("f4") + text("w+") + b"K\x00K\x04t}\x92."
    ),
    "EXT1": lambda marker: b"\x80\x02\x82\xf0(" + text(marker) + b"tR.",
    "a dotted name": lambda marker: (
        b"\x80\x04" + text("shutil") + text("os.mkdir") + b"\x93" + text(marker) + b"\x85R."
    ),
    "a name made of memo entries": lambda marker: (
        b"\x80\x04"
        + text("os")
        + b"q\x00"
        + text("mkdir")
        + b"q\x010"
        + b"0h\x00h\x01\x93"
        + text(marker)
        + b"\x85R."
    ),
    "a call whose result is dropped": lambda marker: (
        pickle.dumps(make_arrays(), 3)[:-1] + MKDIR + text(marker) + b"\x85R0."
    ),
    "an argument of an array": lambda marker: (
        b"\x80\x03cnumpy._core.multiarray\n_reconstruct\n" + (MKDIR + text(marker) + b"\x85R\x85R.")
    ),
    "the state of a dtype": lambda marker: (
        b"\x80\x03cnumpy\ndtype\n" + text("f4") + b"\x85R" + MKDIR + text(marker) + b"\x85Rb."
    ),
}


@pytest.mark.parametrize("what", HOSTILE_INSTRUCTIONS)
def test_hostile_instruction(tmp_path, what):
    marker = tmp_path / "marker"
    content = HOSTILE_INSTRUCTIONS[what](str(marker))
    copyreg.add_extension("os", "mkdir", 0xF0)
    try:
        assert_hostile_and_refused(tmp_path / "oracle.pkl", content, marker)
        # What ran once is remembered by the extension registry, and then no longer looked up.
        marker.unlink() if marker.is_file() else marker.rmdir()
        refusal(tmp_path / "oracle.pkl")
        assert not marker.exists()
    finally:
        copyreg.remove_extension("os", "mkdir", 0xF0)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("numpy", "memmap"),
        ("numpy", "ndarray.tofile"),
        ("numpy", "dtype.__new__"),
        ("numpy", "dtype "),
        ("Numpy", "dtype"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("numpy._core.multiarray", "fromfile"),
        ("numpy._core._internal", "_reconstruct"),
        ("numpy.core.multiarray._reconstruct", ""),
        ("_codecs", "encode"),
        ("copyreg", "_reconstructor"),
        ("builtins", "getattr"),
        ("__builtin__", "eval"),
        ("data.oracle", "_STAND_INS"),
        ("posix", "system"),
        ("", ""),
        ("\x1b[31m", "\x07"),
        ("long" * 1000, "name" * 1000),
    ],
)
def test_name_that_is_not_admitted(write, module, name):
    for content in (
        b"\x80\x04" + text(module) + text(name) + b"\x93)R.",
        b"\x80\x03c" + f"{module}\n{name}\n".encode() + b")R.",
    ):
        message = refusal(write(content))
        assert "has no use for: refused without running it" in message
        assert "names " in message
        if (module + name).isprintable() and len(module) < 50:
            assert f"names {module}.{name}," in message


NAMES = [
    b"cnumpy\ndtype\n",
    b"cnumpy\nndarray\n",
    b"cnumpy.core.multiarray\n_reconstruct\n",
    b"cnumpy.core.numeric\n_frombuffer\n",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "rest",
    [b"", b")R", b"NR", b"Nb", b")b", b"NN\x86b", b"(NNNNNtR", b"(NNNNNtb", b"a", b")Ra", b"(Ne"],
)
def test_odd_use_of_an_admitted_name(write, name, rest):
    for content in (name + rest, name + rest + b"\x85", b"](" + 15 * (name + rest) + b"e"):
        refusal(write(b"\x80\x03" + content + b"."))
    np.testing.assert_array_equal(
        read_oracle_parameters(write(pickle.dumps(make_arrays())))[0], make_arrays()[0]
    )


@pytest.mark.parametrize(
    "content", [b"Pname\n.", b"\x80\x04Nq\x00Q.", b"\x80\x05\x97.", b"\x80\x05N\x98."]
)
def test_values_from_outside_the_file(write, content):
    assert "has no use for" in refusal(write(content))


FLOAT32 = b"cnumpy\ndtype\n" + text("f4") + b"\x85R"


def array_instructions(shape, dtype=FLOAT32, byte_order="<", data=b"C\x00"):
    """An array as protocol 3 tells it, of which every part may be odd."""
    dtype_state = b"(K\x03" + text(byte_order) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
    return b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R" + (
        b"(K\x01" + shape + dtype + dtype_state + b"b\x89" + data + b"tb"
    )


@pytest.mark.parametrize("byte_order", ["=", "|", "", "(1,)", "<" * 1000, "\n"])
def test_odd_byte_order(write, byte_order):
    array = array_instructions(b"K\x01\x85", byte_order=byte_order, data=b"C\x04abcd")
    message = refusal(write(b"\x80\x03](" + 15 * array + b"e."))
    assert "as array 0 (embedding) the dtype" in message


HUGE = b"J\xff\xff\xff\x7f"
DOUBLED = b")" + b"q\x00h\x00\x86" * 200  # a tuple of 2^200 leaves, in 800 bytes

BOMBS = {
    "huge shape": array_instructions(HUGE + HUGE + b"\x86"),
    "huge array reconstructed": (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + HUGE + b"\x85C\x01b\x87R"
    ),
    "array made by calling its class": b"cnumpy\nndarray\n" + HUGE + b"\x85\x85R",
    "huge dtype": array_instructions(
        b"K\x01\x85", dtype=b"cnumpy\ndtype\n" + text("V2147483647") + b"\x85R"
    ),
    "shape of zeros": array_instructions(b"K\x00K\x00\x86"),
    "negative shape": array_instructions(b"J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86"),
    "shape of truths": array_instructions(b"\x88\x88\x86", data=b"C\x04abcd"),
    "many axes": array_instructions(b"(" + b"K\x01" * 200 + b"t", data=b"C\x04abcd"),
    "doubled shape": array_instructions(DOUBLED),
    "doubled dtype": array_instructions(
        b"K\x01\x85", dtype=b"cnumpy\ndtype\n" + DOUBLED + b"\x85R"
    ),
    "doubled data": array_instructions(b"K\x01\x85", data=DOUBLED),
    "doubled tuple": DOUBLED,
    "doubled key": b"}" + DOUBLED + b"Ns",
    "doubled set": b"\x8f(" + DOUBLED + b"\x90",
    "doubled name": DOUBLED + DOUBLED + b"\x93",
    "list in itself": b"]q\x00" + b"h\x00a" * 15,
    "array in itself": b"cnumpy\ndtype\n)Rq\x00h\x00b" + b"h\x00" * 15,
    "deep tuples": b")" + b"\x85" * 9_000,
    "deep marks": b"(" * 9_000,
    "deep lists": b"](" * 4_000 + b"e" * 4_000,
    "many instructions": b"N" * 2_000_000,
    "memo number of a quarter gigabyte": b"Nr\0\0\0\x01",
    "long memo number": b"Nr\xff\xff\xff\x7f",
    "long memo number in text": b"Np2147483647\n",
    "long frame": b"\x95" + b"\xff" * 7 + b"\x7fN",
    "frame of a terabyte": b"\x95\0\0\0\0\0\x01\0\0N",
    "long bytes": b"B\xff\xff\xff\xff",
    "longer bytes": b"\x8e\0\0\0\0\0\x01\0\0",
    "long bytearray": b"\x96\0\0\0\0\0\x01\0\0",
    "long text": b"X\xff\xff\xff\xff",
    "longer text": b"\x8d\0\0\0\0\0\x01\0\0",
    "long integer": b"\x8b\xff\xff\xff\x7f",
    "integer of many digits": b"I" + b"9" * 1_000_000 + b"\n",
}


@pytest.mark.parametrize("what", BOMBS)
def test_bomb(write, what):
    bomb = BOMBS[what]
    for content in (bomb, b"](" + bomb + b"e", b"](" + bomb * 15 + b"e"):
        path = write(b"\x80\x05" + content + b".")
        tracemalloc.start()
        try:
            refusal(path)
            assert tracemalloc.get_traced_memory()[1] < 100e6
        finally:
            tracemalloc.stop()


def test_arrays_that_share_their_bytes(write):
    matrix, vector = np.zeros((1000, 1000)), np.zeros(1000)
    path = write(pickle.dumps([matrix, *[matrix, matrix, vector] * 4, matrix, vector], 4))
    assert path.stat().st_size < 9e6
    assert "holds arrays of more than 64 MiB" in refusal(path)


def test_large_file(tmp_path):
    with open(tmp_path / "oracle.pkl", "wb") as file:
        file.truncate(1 << 40)
    assert "has more than 64 MiB" in refusal(tmp_path / "oracle.pkl")


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyError, AttributeError])
def test_whatever_unpickling_raises(write, monkeypatch, error):
    def load(self):
        raise error

    monkeypatch.setattr(oracle._Unpickler, "load", load, raising=False)
    assert "corrupt" in refusal(write(pickle.dumps(make_arrays())))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_own_file_cut_off(write, protocol):
    content = pickle.dumps(make_arrays(), protocol)
    for length in range(0, len(content), 7):
        refusal(write(content[:length]))


def test_mutations(write):
    random = np.random.default_rng(2)
    contents = [pickle.dumps(make_arrays(), protocol) for protocol in PROTOCOLS]
    for k in range(500):
        mutated = bytearray(contents[k % 3])
        for place in random.integers(len(mutated), size=random.integers(1, 4)):
            mutated[place] = random.integers(256)
        assert_valid_or_refused(write(mutated))


def test_random_instructions(write):
    random = np.random.default_rng(3)
    words = [*NAMES, *(bytes([byte]) for byte in b"(]})NRb\x85\x86\x87teaq\x00h\x00l0\x88\x89\x94")]
    words += [text("f4"), b"C\x04abcd", b"K\x01", array_instructions(b"K\x01\x85")]
    for _ in range(500):
        chosen = random.integers(len(words), size=random.integers(1, 30))
        refusal(write(b"\x80\x04" + b"".join(words[k] for k in chosen) + b"."))


def test_without_streams(write, monkeypatch):
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    parameters = read_oracle_parameters(write(pickle.dumps(make_arrays())))
    refused = refusal(write(b"no pickle"))
    monkeypatch.undo()
    assert len(parameters) == 15 and refused
