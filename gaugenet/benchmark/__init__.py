"""Measurements of speed and memory, side by side with what others do, behind ``gaugenet benchmark``."""
