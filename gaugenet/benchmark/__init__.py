"""Measurements of speed and memory, compared with other libraries, for ``gaugenet benchmark``."""
