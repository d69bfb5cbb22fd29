"""NumPy spellings by family; importing them fills the table."""

from tests.ops.tables import arithmetic as arithmetic
from tests.ops.tables import decompositions as decompositions
from tests.ops.tables import edited as edited
from tests.ops.tables import elementwise as elementwise
from tests.ops.tables import fourier as fourier
from tests.ops.tables import interpolation as interpolation
from tests.ops.tables import made as made
from tests.ops.tables import matrices as matrices
from tests.ops.tables import options as options
from tests.ops.tables import parts as parts
from tests.ops.tables import parts_joined as parts_joined
from tests.ops.tables import products as products
from tests.ops.tables import reductions as reductions
from tests.ops.tables import shapes as shapes
from tests.ops.tables import signals as signals
