"""Gauge-equivariant layers, each `Layer(rep_in, rep_out)` or `Layer(rep)`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
