"""Objects on surfaces as oriented boxes: coordinates, overlap, suppression, precision."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
