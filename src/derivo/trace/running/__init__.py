"""What else runs while a function is traced: others' code, asserts, random numbers."""
