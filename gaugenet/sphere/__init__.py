"""The sphere S^2 = SO(3)/SO(2): grids, harmonic transforms of fields of every order, intertwiners."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
