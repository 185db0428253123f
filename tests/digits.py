"""A folder in the format of MNIST: bright spots, of which the digit says the size."""

import gzip
import struct

import numpy as np


def idx(values):
    values = np.asarray(values, dtype=np.uint8)
    return b"\0\0\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def write_digits(folder, each=4):
    """Write ``each`` images of every digit, sorted; the test files are not compressed."""
    y, x = np.mgrid[:28, :28]
    labels = np.arange(10 * each) // each
    spots = [(x - 9 - k % each) ** 2 + (y - 17 + k % 3) ** 2 for k in range(10 * each)]
    images = [250 * np.exp(-spot / (3 + 6 * label)) for spot, label in zip(spots, labels, strict=True)]
    for part, names in {"train": ("", ".gz"), "t10k": ("", "")}.items():
        for name, values in (("images-idx3", images), ("labels-idx1", labels)):
            content = gzip.compress(idx(values)) if names[1] else idx(values)
            (folder / f"{part}-{name}-ubyte{names[1]}").write_bytes(content)
    return folder
