"""Transforms of PyTorch Geometric: from a mesh to what networks read."""
