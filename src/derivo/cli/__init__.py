"""The command line: ``derivo tour``, ``derive``, ``check``, ``train``, ``textbook``."""
