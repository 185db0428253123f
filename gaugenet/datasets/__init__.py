"""Data sets of PyTorch Geometric."""
