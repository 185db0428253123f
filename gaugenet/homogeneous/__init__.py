"""Homogeneous spaces G/K with K = SO(2): the sphere, the plane, the hyperbolic plane, and samples of their points."""

from gaugenet.homogeneous.icosphere import icosahedral_rotations, icosphere
from gaugenet.homogeneous.planes import HyperbolicPlane, Plane
from gaugenet.homogeneous.space import HomogeneousSpace
from gaugenet.homogeneous.sphere import Sphere
from gaugenet.homogeneous.tilings import hexagonal_lattice, square_lattice, triangular_tiling

__all__ = [
    "HomogeneousSpace",
    "HyperbolicPlane",
    "Plane",
    "Sphere",
    "hexagonal_lattice",
    "icosahedral_rotations",
    "icosphere",
    "square_lattice",
    "triangular_tiling",
]
