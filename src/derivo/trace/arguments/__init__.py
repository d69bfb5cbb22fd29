"""What is given: specs, settings, attributes, and the parameters they stand for."""
