"""Structure groups of a surface: SO(2), O(2), the cyclic groups C_N, the dihedral groups D_N and the trivial group."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
