"""Gauge-equivariant neural networks on triangle meshes.

A mesh becomes labels in four lines (``gaugenet segment`` does the same):

    mesh = gaugenet.read_mesh("hand.off")
    net = gaugenet.load("psb-hand")
    data = net.transform(mesh)
    labels = net.segment(data)

Layers are in ``gaugenet.nn``, pictures in ``gaugenet.viz``, fitting in ``gaugenet.train``.
"""

import lazy_loader as lazy

from gaugenet import older

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
older.install()
