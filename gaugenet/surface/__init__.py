"""Sampled surfaces with one interface: meshes, point clouds and samples of homogeneous spaces."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
