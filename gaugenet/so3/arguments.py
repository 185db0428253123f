"""What functions of rotations and degrees refuse."""

from __future__ import annotations

from torch import Tensor


def check_degree(degree: int, name: str = "degree") -> None:
    """Raise a ValueError unless a degree is an integer l >= 0."""
    if not isinstance(degree, int) or degree < 0:
        raise ValueError(
            f"expected an integer {name} >= 0, got {degree!r}: SO(3) has one irrep for each l = 0, 1, 2, ..."
        )


def check_band(band_limit: int, spin: int = 0) -> None:
    """Raise a ValueError unless some degrees l have ``|spin| <= l < band_limit``."""
    if not isinstance(band_limit, int) or band_limit < 1:
        raise ValueError(f"expected an integer band limit >= 1, got {band_limit!r}: degrees are 0 to band limit - 1")
    if not isinstance(spin, int) or abs(spin) >= band_limit:
        raise ValueError(
            f"expected an integer spin with |spin| < {band_limit}, got {spin!r}: choose a band limit above |spin|"
        )


def check_real(value: Tensor, name: str, *shape: int) -> None:
    """Raise a ValueError unless a tensor is real and has the last dimensions ``shape``."""
    if not value.is_floating_point():
        raise ValueError(f"expected real {name}, got {value.dtype}: convert them with .double()")
    if shape and tuple(value.shape[-len(shape) :]) != shape:
        wanted = ", ".join(map(str, shape))
        raise ValueError(
            f"expected {name} (..., {wanted}), got {tuple(value.shape)}: the last dimensions hold one each"
        )
