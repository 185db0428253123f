"""Sampled surfaces: meshes, point clouds and samples of homogeneous spaces, with one interface."""
