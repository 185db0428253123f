"""Representations of the structure groups: direct sums of irreps, and what decomposes into them."""

from gaugenet.representation.representation import Block, Representation

__all__ = ["Block", "Representation"]
