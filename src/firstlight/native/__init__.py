"""Loading the C kernels, and their numpy twins."""
