"""Frame bundles of surfaces: neighbourhoods, levels, connection Laplacians and direction fields."""
