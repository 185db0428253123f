from .elements import Elements as Elements
from .group import Group as Group
from .group import Irrep as Irrep
