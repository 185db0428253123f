"""The rotation group SO(3): rotations and Wigner matrices."""

from gaugenet.so3.rotation import (
    euler_from_rotation,
    quaternion_from_rotation,
    random_rotation,
    rotation_from_euler,
    rotation_from_quaternion,
)
from gaugenet.so3.wigner import real_basis, real_wigner_D, wigner_D, wigner_d
from gaugenet.so3.wigner_table import wigner_d_table

__all__ = [
    "euler_from_rotation",
    "quaternion_from_rotation",
    "random_rotation",
    "real_basis",
    "real_wigner_D",
    "rotation_from_euler",
    "rotation_from_quaternion",
    "wigner_D",
    "wigner_d",
    "wigner_d_table",
]
