"""What is told of a derivation: scalar, matrix and batch level."""
