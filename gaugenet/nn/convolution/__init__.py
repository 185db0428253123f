"""The engine that convolutions share: stencils, moments, learned kernels."""
