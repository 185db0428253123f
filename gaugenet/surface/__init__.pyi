from .edges import BundleEdges as BundleEdges
from .edges import Pooling as Pooling
from .mesh_surface import MeshSurface as MeshSurface
from .point_surface import PointSurface as PointSurface
from .space_surface import SpaceSurface as SpaceSurface
from .surface import Surface as Surface
