"""Colours that colour-blind people can distinguish."""

import numpy as np

# Okabe and Ito, Color Universal Design (2008), without black, on which shading is invisible.
OKABE_ITO = np.array(
    [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]],
    np.uint8,
)
UNLABELLED = np.array([190, 190, 190], np.uint8)  # far from all colours of a palette

# Linear RGB as seen without one kind of cone: Machado, Oliveira and Fernandes (2009), severity 1.0.
_PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
_DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
_TRITANOPIA = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
_VISION = np.array([np.eye(3), _PROTANOPIA, _DEUTERANOPIA, _TRITANOPIA])

# Linear RGB to OKLab, in which distances approximate perceived differences: Ottosson (2020).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def palette(n: int) -> np.ndarray:
    """Return colours that people with any kind of colour vision can distinguish.

    The first seven are those of Okabe and Ito. Each further colour, neither very dark nor very light, maximises the
    distance from the colours before it, from white and from the grey of unlabelled faces: the smallest one in normal,
    protanopic, deuteranopic and tritanopic vision. So ``palette(m)`` begins with ``palette(n)`` for m >= n.

    Up to 12 colours, any two differ by CIEDE2000 >= 10 in normal vision, protanopia and deuteranopia. The smallest
    difference falls to about 7 at 16 colours and 6 at 20, where not all can be distinguished.

    Args:
        n: Number of colours.

    Returns:
        Colours ``(n, 3)``, uint8 sRGB.

    Raises:
        ValueError: If ``n`` is negative.
    """
    if n < 0:
        raise ValueError(f"expected a number of colours >= 0, got {n}")
    if n <= len(OKABE_ITO):
        return OKABE_ITO[:n].copy()
    level = np.linspace(0, 255, 16).astype(np.uint8)
    candidate = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(-1, 3)
    seen = _appearance(candidate)
    usable = (seen[0, :, 0] > 0.45) & (seen[0, :, 0] < 0.93)
    candidate, seen = candidate[usable], seen[:, usable]
    taken = _appearance(np.vstack([OKABE_ITO, UNLABELLED, [255, 255, 255]]))
    distance = np.linalg.norm(seen[:, :, None] - taken[:, None], axis=-1).min(axis=(0, 2))
    colours = list(OKABE_ITO)
    while len(colours) < n:
        best = int(distance.argmax())
        colours.append(candidate[best])
        distance = np.minimum(distance, np.linalg.norm(seen - seen[:, best : best + 1], axis=-1).min(axis=0))
    return np.stack(colours)


def linear_rgb(rgb: np.ndarray) -> np.ndarray:
    """Decode sRGB to linear light 0..1 (IEC 61966-2-1).

    Args:
        rgb: Colours ``(..., 3)``, 0..255.
    """
    value = np.asarray(rgb) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def srgb(linear: np.ndarray) -> np.ndarray:
    """Encode linear light as sRGB, uint8: the inverse of ``linear_rgb``.

    Args:
        linear: Colours ``(..., 3)``; values outside 0..1 are clipped.
    """
    light = np.clip(linear, 0, 1)
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * value).astype(np.uint8)


def _appearance(rgb: np.ndarray) -> np.ndarray:
    """Return colours ``(n, 3)`` in OKLab as each kind of colour vision sees them, ``(4, n, 3)``."""
    linear = linear_rgb(rgb) @ _VISION.transpose(0, 2, 1)
    return np.cbrt(np.clip(linear, 0, 1) @ _TO_CONES.T) @ _TO_LAB.T
