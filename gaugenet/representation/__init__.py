"""Representations of the structure groups: direct sums of irreps, and what decomposes into them."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
