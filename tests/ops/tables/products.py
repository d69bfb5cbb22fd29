"""Spellings: products."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import say

say("matrix @ matrix", lambda a, b: a @ b, a="N L", b="L M")
say("matrix @ vector", lambda a, b: a @ b, a="N L", b="L")
say("vector @ matrix", lambda a, b: a @ b, a="L", b="L M")
say("vector @ vector", lambda a, b: a @ b, a="L", b="L")
say("stack @ matrix", lambda a, b: np.matmul(a, b), a="K N L", b="L M")
say("matrix @ stack", lambda a, b: a @ b, a="N L", b="K L M")
say("stack @ stack", lambda a, b: a @ b, a="K N L", b="K L M")
say("stacks broadcast", lambda a, b: a @ b, a="K 1 N L", b="M L K")
say("stack of one", lambda a, b: a @ b, a="1 N L", b="K L M")
say("stack @ vector", lambda a, b: a @ b, a="K N L", b="L")
say("vector @ stack", lambda a, b: a @ b, a="L", b="K L M")
say("stack of stacks @ matrix", lambda a, b: a @ b, a="K M N L", b="L M")
say("constant @", lambda a: np.ones((2, 3)) @ a + a.sum(), a="3 M")
say(
    "dot",
    lambda a, b, v: (
        np.dot(a, b) + a.dot(v)[:, None] + np.dot(v, v) + np.dot(2, v).sum()
    ),
    a="N L",
    b="L M",
    v="L",
)
say("dot of stacks", lambda a, b: np.dot(a, b), a="K N L", b="M L K")
say("vdot inner", lambda a, b: np.vdot(a, b) + np.inner(a, b), a="N L", b="N L")
say("inner of vectors", lambda a, b: np.inner(a, b) * np.inner(2, a), a="L", b="L")
say(
    "outer",
    lambda a, b: np.outer(a, b) + np.multiply.outer(a, b) + np.add.outer(a, b),
    a="N",
    b="M",
)
say("subtract.outer of a matrix", lambda a, b: np.subtract.outer(a, b), a="N L", b="M")
say("tensordot", lambda a, b: np.tensordot(a, b), a="N L M", b="L M K")
say("tensordot 1", lambda a, b: np.tensordot(a, b, axes=1), a="K N L", b="L M")
say("tensordot 0", lambda a, b: np.tensordot(a, b, 0), a="N L", b="M")
say(
    "tensordot axes",
    lambda a, b: np.tensordot(a, b, axes=([0, 2], [1, 0])),
    a="N L M",
    b="M N K",
)
say(
    "vecdot matvec vecmat",
    lambda a, b, m: np.vecdot(a, b)[:, None] + np.matvec(m, a) + np.vecmat(a, m),
    a="N L",
    b="N L",
    m="L L",
)
say(
    "matrix_power multi_dot",
    lambda a: np.linalg.matrix_power(a, 5) + np.linalg.multi_dot([a, a, a]),
    a="L L",
)
say("kron", lambda a, b: np.kron(a, b), a="N L", b="M K")
say("kron of vectors", lambda a, b: np.kron(a, b), a="N", b="M")
say("cross", lambda a, b: np.cross(a, b) + np.cross(a, b[0]), a="N 3", b="N 3")
say("cross axis", lambda a, b: np.cross(a, b, axis=0), a="3 N", b="3 N")
for _subscripts, _shapes in {
    "ij,jk->ik": "N L|L M",
    "ij,jk": "N L|L M",
    "btd,dk->btk": "K N L|L M",
    "btd,d->bt": "K N L|L",
    "d,bde->be": "L|K L M",
    "dk,btd->btk": "L M|K N L",
    "bij,bj->bi": "K N L|K L",
    "bi,bi->b": "N L|N L",
    "ij,kj->ik": "N L|M L",
    "ij,ik->jk": "L N|L M",
    "ji,jk->ki": "L N|L M",
    "ij,j->i": "N L|L",
    "i,ij->j": "N|N L",
    "i,i->": "L|L",
    "i,j->ij": "N|M",
    "ij,ij->": "N L|N L",
    "ij,ij->i": "N L|N L",
    "ij,ij->j": "N L|N L",
    "ij,ij->ij": "N L|N L",
    "ij,ij->ji": "N L|N L",
    "bij,bjk->bik": "K N L|K L M",
    "bij,jk->bik": "K N L|L M",
    "bhid,bhjd->bhij": "K N L M|K N 2 M",
    "ij->ji": "N L",
    "ij->": "N L",
    "ij->j": "N L",
    "ii->": "L L",
    "ii->i": "L L",
    "iij->j": "L L M",
    "...ij->...ji": "K N L",
    "...i,i->...": "K N L|L",
    "...ij,...jk->...ik": "K N L|L M",
    "ij,jk,kl->il": "N L|L M|M K",
    "ij,jk,ki->": "N L|L M|M N",
    "i,j,k->ijk": "N|L|M",
    "ij,k->k": "N L|M",
    "bij,bjk->ik": "K N L|K L M",
    "ij,ik->ijk": "N L|N M",
    "i,ijk->jk": "N|N L M",
    "ij,kl->": "N L|M K",
    "abc,cd,db->a": "N L M|M K|K L",
    "bi,bj->bij": "K N|K M",
    "ijk,ijl->ikl": "K N L|K N M",
    "ab,abc->ac": "N L|N L M",
    "ij , jk -> ik": "N L|L M",
}.items():
    _parts = dict(zip("abc", _shapes.split("|"), strict=False))
    _ops = {
        1: lambda a, s=_subscripts: np.einsum(s, a),
        2: lambda a, b, s=_subscripts: np.einsum(s, a, b),
        3: lambda a, b, c, s=_subscripts: np.einsum(s, a, b, c, optimize=True),
    }
    say(f"einsum {_subscripts}", _ops[len(_parts)], None, **_parts)
say(
    "einsum stretches",
    lambda a, b: np.einsum("ij,ij->i", a, b) + np.einsum("ij,jk->ik", a, b.T)[:, 0],
    a="N L",
    b="1 L",
)
