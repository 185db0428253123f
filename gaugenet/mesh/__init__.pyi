from .clean import clean_mesh as clean_mesh
from .clean import find_defects as find_defects
from .geometry import face_areas as face_areas
from .geometry import vertex_areas as vertex_areas
from .mesh import Mesh as Mesh
from .mesh import MeshWarning as MeshWarning
from .topology import Topology as Topology
