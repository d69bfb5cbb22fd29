"""Functions that cannot hand traced values over by themselves."""
