"""Triangle meshes: cleaning, topology, geometry, Laplacian, rays."""

from gaugenet.mesh.clean import clean_mesh, find_defects
from gaugenet.mesh.mesh import Mesh, MeshWarning
from gaugenet.mesh.topology import Topology

__all__ = ["Mesh", "MeshWarning", "Topology", "clean_mesh", "find_defects"]
