"""The rotation group SO(3): rotations, Wigner matrices, harmonics of every spin, Clebsch-Gordan coefficients."""

from gaugenet.so3.clebsch_gordan import clebsch_gordan, real_clebsch_gordan, wigner_3j
from gaugenet.so3.harmonics import complex_harmonics, degrees_and_orders, real_harmonics, spin_weighted_harmonics
from gaugenet.so3.rotation import (
    euler_from_rotation,
    quaternion_from_rotation,
    random_rotation,
    rotation_from_euler,
    rotation_from_quaternion,
)
from gaugenet.so3.wigner import real_basis, real_wigner_D, wigner_D, wigner_d, wigner_d_table

__all__ = [
    "clebsch_gordan",
    "complex_harmonics",
    "degrees_and_orders",
    "euler_from_rotation",
    "quaternion_from_rotation",
    "random_rotation",
    "real_basis",
    "real_clebsch_gordan",
    "real_harmonics",
    "real_wigner_D",
    "rotation_from_euler",
    "rotation_from_quaternion",
    "spin_weighted_harmonics",
    "wigner_3j",
    "wigner_D",
    "wigner_d",
    "wigner_d_table",
]
