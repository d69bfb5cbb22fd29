"""The catalogue: every operation that derivo knows, each in one record."""

from derivo.ops import arithmetic as arithmetic
from derivo.ops import composite as composite
from derivo.ops import elementwise as elementwise
from derivo.ops import index as index
from derivo.ops import leaf as leaf
from derivo.ops import linalg as linalg
from derivo.ops import reduce as reduce
from derivo.ops import scan as scan
from derivo.ops import shape as shape
from derivo.ops.catalogue import CATALOGUE as CATALOGUE
from derivo.ops.catalogue import SPELLINGS as SPELLINGS
