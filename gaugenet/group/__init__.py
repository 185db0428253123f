"""Structure groups of a surface: SO(2), O(2), the cyclic groups C_N, the dihedral groups D_N and the trivial group."""

from gaugenet.group.elements import Elements
from gaugenet.group.group import Group, Irrep

__all__ = ["Elements", "Group", "Irrep"]
