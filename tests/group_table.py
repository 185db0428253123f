"""The table of groups: one row gives a group every law, of its representations, kernels and layers."""

# Of each group a representation with more than one block of some irrep, one that it has no kernels or biases in common
# with in places, one whose channels are functions on the group, and one of a network.
REPS = {
    "SO2": ("4x0 + 3x1 + 2x0 + 2x3", "2x1 + 3x0 + 1x2 + 1x0", "4x0 + 3x1 + 2x2", "4x0 + 3x1 + 2x2"),
    "O2": ("3x0e + 2x0o + 3x1 + 2x3", "2x1 + 2x0e + 1x2 + 1x0o", "3x0e + 3x0o + 3x1 + 2x1", "4x0e + 2x0o + 3x1 + 1x2"),
    "trivial": ("5x0", "3x0 + 2x0", "2xregular", "6x0"),
    "C2": ("3x0 + 2x1", "2x1 + 2x0", "2xregular", "4x0 + 3x1"),
    "C3": ("3x0 + 2x1", "1x1 + 2x0 + 1x1", "2xregular", "4x0 + 3x1"),
    "C4": ("3x0 + 2x1 + 1x0 + 2x2", "2x1 + 2x0 + 1x2", "2xregular", "3xregular"),
    "D1": ("3x0e + 2x0o", "2x0o + 2x0e", "2xregular", "4x0e + 3x0o"),
    "D4": ("2x0e + 1x0o + 2x1 + 1x2e + 2x2o", "2x1 + 2x0e + 1x2o", "2xregular", "3x0e + 1x0o + 2x1 + 1x2e"),
    "D6": ("2x0e + 2x1 + 1x2 + 1x3o", "2x2 + 1x0o + 1x3e", "2xquotient(D1)", "3x0e + 2x1 + 1x2 + 1x3e"),
}
