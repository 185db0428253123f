"""The sphere S^2 = SO(3)/SO(2): grids, harmonic transforms of fields of every order, intertwiners."""

from gaugenet.sphere.band import band_limit_of, degrees, rotated, rows_of_degree, with_band_limit
from gaugenet.sphere.grid import SphereGrid, fine_grid
from gaugenet.sphere.harmonic_product import HarmonicProduct
from gaugenet.sphere.harmonic_transform import HarmonicTransform
from gaugenet.sphere.power import HarmonicNorm, PowerSpectrum
from gaugenet.sphere.scattered_transform import ScatteredTransform
from gaugenet.sphere.so3_transform import SO3Transform, so3_representation
from gaugenet.sphere.spherical_block import SphericalBlock
from gaugenet.sphere.spherical_conv import SphericalConv

__all__ = [
    "HarmonicNorm",
    "HarmonicProduct",
    "HarmonicTransform",
    "PowerSpectrum",
    "SO3Transform",
    "ScatteredTransform",
    "SphereGrid",
    "SphericalBlock",
    "SphericalConv",
    "band_limit_of",
    "degrees",
    "fine_grid",
    "rotated",
    "rows_of_degree",
    "so3_representation",
    "with_band_limit",
]
