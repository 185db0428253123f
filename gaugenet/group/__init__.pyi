from .elements import Elements as Elements
from .group import Group as Group
from .irrep import Irrep as Irrep
