"""Gauge-equivariant neural networks on triangle meshes."""

__version__ = "0.1.0"
