"""Homogeneous spaces G/K with K = SO(2): the sphere, the plane, the hyperbolic plane, and samples of their points."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
