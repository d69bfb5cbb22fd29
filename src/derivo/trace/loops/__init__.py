"""Plain ``for`` loops over an axis that is only a name."""
