"""The IDX format of MNIST: arrays of bytes."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file of unsigned bytes, compressed (``.gz``) or not.

    Two zero bytes, a byte for the type (8: unsigned bytes), one for the number of axes; each size as a big-endian
    integer of 32 bits; then the values, last axis fastest (LeCun, Cortes & Burges, "The MNIST database").

    Raises:
        FileNotFoundError: no such file. ValueError: it is no such file, or cut short.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected one like train-images-idx3-ubyte.gz")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: damaged or not compressed by gzip ({error}); fetch the file again") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        begins = content[:4].hex(" ") or "nothing"
        raise ValueError(f"{path}: expected an IDX file of bytes, which begins with 00 00 08, got {begins}")
    axes = content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise ValueError(f"{path}: cut short inside of the header; fetch it again")
    shape = struct.unpack(f">{axes}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path}: the header says {' x '.join(map(str, shape))} values, got {len(content) - start}: the file is "
            "cut short or damaged; fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
