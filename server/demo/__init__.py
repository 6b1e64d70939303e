"""The demo bank: drawn from a fixed seed, made through the product's own functions."""
