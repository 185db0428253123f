"""Frame bundles of meshes: frames, connection, geodesic discs, levels."""
