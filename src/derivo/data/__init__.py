"""Real data that ships with the package, and how to hold a part of it back."""

from derivo.data.digits import digits as digits
from derivo.data.split import split as split
