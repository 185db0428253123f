"""The rotation group SO(3): rotations, Wigner matrices, harmonics of every spin, Clebsch-Gordan coefficients."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
