"""PyTorch's differentiable operations, as NumPy and SciPy say them.

Each row is ``entry | NumPy | PyTorch | arguments``. Entries are the names in PyTorch's
table of derivatives; the two texts are expressions, or statements with an expression at
the end, of the same arguments. An argument is ``name:shape:kind``: normal numbers, or

===== ==========================================
pos   between 0.5 and 2
unit  between -0.9 and 0.9
prob  between 0.1 and 0.9
big   between 1.1 and 3
far   between -2 and 2, no nearer to a half of a whole number than 0.05
int   whole numbers from 0 to 2, no derivative
perm  0, 1, 2, ... in another order, no derivative
fix   normal numbers, no derivative
mask  truth values, no derivative
low   a lower triangle with a positive diagonal
===== ==========================================

``a:3,4`` is there if nothing else is said. In the texts `np` is NumPy, `sp`
`scipy.special`, `sl` `scipy.linalg`, `sd` `scipy.spatial.distance`; `t` is PyTorch, `F`
`torch.nn.functional`, `A` `torch.ops.aten`; `W5` the weights that read 5 places off 3
points by lines; `KEEP` a mask of four elements, `PLACES` three different places.
"""

ROWS = r"""
abs | np.abs(a) | t.abs(a)
acos | np.arccos(a) | t.acos(a) | a:3,4:unit
add.Tensor | a + b | t.add(a, b) | a:3,4 b:4
add.Scalar | a + 1.5 | A.add.Scalar(a, 1.5)
addbmm | 2 * a + 3 * np.sum(b @ c, axis=0) | t.addbmm(a, b, c, beta=2, alpha=3) | a:2,4 b:5,2,3 c:5,3,4
addcdiv | a + 0.5 * b / c | t.addcdiv(a, b, c, value=0.5) | a:3,4 b:3,4 c:3,4:pos
addcmul | a + 0.5 * b * c | t.addcmul(a, b, c, value=0.5) | a:3,4 b:3,4 c:4
addmm | 2 * a + 3 * (b @ c) | t.addmm(a, b, c, beta=2, alpha=3) | a:2,4 b:2,3 c:3,4
addmv | a + b @ c | t.addmv(a, b, c) | a:2 b:2,3 c:3
addr | a + np.outer(b, c) | t.addr(a, b, c) | a:2,3 b:2 c:3
affine_grid_generator | base = np.stack(np.broadcast_arrays(np.linspace(-1, 1, 4)[None, :], np.linspace(-1, 1, 3)[:, None], np.ones((1, 1))), axis=-1); np.einsum("hwk,nik->nhwi", base, a) | F.affine_grid(a, (2, 1, 3, 4), align_corners=True) | a:2,2,3
alias | a[...] * 1 | A.alias(a)
angle | np.angle(a) | t.angle(a)
any | np.any(a > 1.0) * 1.0 + 0 * a | t.any(a > 1.0) * 1.0 + 0 * a
any.dim | np.any(a > 0.5, axis=1) * a[:, 0] | A.any.dim(a > 0.5, 1) * a[:, 0]
any.dims | np.any(a > 0.5, axis=(0, 1)) * a | A.any.dims(a > 0.5, [0, 1]) * a
all | np.all(a > -9) * a | t.all(a > -9) * a
all.dim | np.all(a > -0.5, axis=1) * a[:, 0] | A.all.dim(a > -0.5, 1) * a[:, 0]
acosh | np.arccosh(a) | t.acosh(a) | a:3,4:big
asinh | np.arcsinh(a) | t.asinh(a)
atanh | np.arctanh(a) | t.atanh(a) | a:3,4:unit
asin | np.arcsin(a) | t.asin(a) | a:3,4:unit
atan | np.arctan(a) | t.atan(a)
atan2 | np.arctan2(a, b) | t.atan2(a, b) | a:3,4 b:3,4
baddbmm | 2 * a + 3 * (b @ c) | t.baddbmm(a, b, c, beta=2, alpha=3) | a:5,2,4 b:5,2,3 c:5,3,4
bmm | a @ b | t.bmm(a, b) | a:5,2,3 b:5,3,4
matmul | a @ b | t.matmul(a, b) | a:2,3 b:5,3,4
cat | np.concatenate([a, b], axis=1) | t.cat([a, b], 1) | a:3,4 b:3,2
ceil | np.ceil(a) | t.ceil(a) | a:3,4:far
cholesky | np.linalg.cholesky(a @ a.T + 3 * np.eye(3)) | t.cholesky(a @ a.T + 3 * t.eye(3)) | a:3,4
chunk | p, q = np.split(a, 2, axis=1); p * q | p, q = t.chunk(a, 2, 1); p * q
linalg_cholesky_ex | np.linalg.cholesky(a @ np.swapaxes(a, -1, -2) + 3 * np.eye(3)) | t.linalg.cholesky_ex(a @ a.mT + 3 * t.eye(3))[0] | a:2,3,4
cholesky_solve | sl.cho_solve((np.tril(a), True), b) | t.cholesky_solve(b, t.tril(a)) | a:3,3:low b:3,2
cholesky_inverse | np.linalg.inv(np.tril(a) @ np.tril(a).T) | t.cholesky_inverse(t.tril(a)) | a:3,3:low
clamp.Tensor | np.clip(a, b, c) | t.clamp(a, b, c) | a:3,4 b:4:unit c:3,4:big
clamp | np.clip(a, -0.5, 0.5) | t.clamp(a, -0.5, 0.5)
clamp_min | np.maximum(a, 0.1) | t.clamp_min(a, 0.1)
clamp_min.Tensor | np.maximum(a, b) | t.clamp_min(a, b) | a:3,4 b:4
clamp_max | np.minimum(a, 0.1) | t.clamp_max(a, 0.1)
clamp_max.Tensor | np.minimum(a, b) | t.clamp_max(a, b) | a:3,4 b:4
clone | a.copy() | t.clone(a)
_lazy_clone | np.copy(a) | A._lazy_clone(a)
_to_copy | np.array(a) | A._to_copy(a)
_conj | np.conj(a) * 1 | t.conj(a) * 1
_neg_view | -a | A._neg_view(a) * 1
_conj_physical | np.conjugate(a) * 2 | t.conj_physical(a) * 2
conj_physical_ | np.conj(a * 2) | (a * 2).conj_physical_()
copysign.Tensor | np.copysign(a, b) | t.copysign(a, b) | a:3,4 b:3,4
copysign.Scalar | np.copysign(a, -1.0) | t.copysign(a, -1.0)
cos | np.cos(a) | t.cos(a)
cosh | np.cosh(a) | t.cosh(a)
count_nonzero | np.count_nonzero(a) * a | t.count_nonzero(a) * a
count_nonzero.dim_IntList | np.count_nonzero(a, axis=1) * a[:, 0] | t.count_nonzero(a, 1) * a[:, 0]
linalg_cross | np.cross(a, b) | t.linalg.cross(a, b) | a:4,3 b:4,3
logcumsumexp | np.log(np.cumsum(np.exp(a), axis=1)) | t.logcumsumexp(a, 1)
cumprod | np.cumprod(a, axis=1) | t.cumprod(a, 1)
cumsum | np.cumsum(a, axis=1) | t.cumsum(a, 1)
cummax | np.maximum.accumulate(a, axis=1) | t.cummax(a, 1)[0]
cummin | np.minimum.accumulate(a, axis=1) | t.cummin(a, 1)[0]
conv_tbc | w = np.lib.stride_tricks.sliding_window_view(a, 2, axis=0); np.einsum("tbik,kio->tbo", w, b) + c | t.conv_tbc(a, b, c) | a:5,2,3 b:2,3,4 c:4
deg2rad | np.deg2rad(a) | t.deg2rad(a)
_linalg_det | np.linalg.det(a) | t.linalg.det(a) | a:2,3,3
_linalg_slogdet | np.linalg.slogdet(a)[1] | t.linalg.slogdet(a)[1] | a:2,3,3
block_diag | sl.block_diag(a, b) | t.block_diag(a, b) | a:3,4 b:2,1
diag_embed | a[:, :, None] * np.eye(4) | t.diag_embed(a)
diagonal | np.diagonal(a, offset=1) | t.diagonal(a, 1)
diagonal_backward | np.diag(a) | A.diagonal_backward(a, [3, 3], 0, 0, 1) | a:3
dist | np.linalg.norm(np.ravel(a - b)) | t.dist(a, b) | a:3,4 b:3,4
div.Tensor | a / b | t.div(a, b) | a:3,4 b:4:pos
div.Scalar | a / 1.7 | A.div.Scalar(a, 1.7)
div.Tensor_mode | np.floor(a / b) | t.div(a, b, rounding_mode="floor") | a:3,4 b:3,4:pos
div.Scalar_mode | np.trunc(a / 0.7) | A.div.Scalar_mode(a, 0.7, rounding_mode="trunc")
dot | np.dot(a, b) | t.dot(a, b) | a:4 b:4
vdot | np.vdot(a, b) | t.vdot(a, b) | a:4 b:4
eq_.Scalar | y = a.copy(); y[...] = a == 1; y | a.clone().eq_(1)
eq_.Tensor | y = a.copy(); y[...] = a == b; y | a.clone().eq_(b) | a:3,4 b:3,4
ge_.Scalar | y = a.copy(); y[...] = a >= 0.5; y | a.clone().ge_(0.5)
ge_.Tensor | y = a.copy(); y[...] = a >= b; y | a.clone().ge_(b) | a:3,4 b:3,4
gt_.Scalar | y = a.copy(); y[...] = a > 0.5; y | a.clone().gt_(0.5)
gt_.Tensor | y = a.copy(); y[...] = a > b; y | a.clone().gt_(b) | a:3,4 b:3,4
le_.Scalar | y = a.copy(); y[...] = a <= 0.5; y | a.clone().le_(0.5)
le_.Tensor | y = a.copy(); y[...] = a <= b; y | a.clone().le_(b) | a:3,4 b:3,4
lt_.Scalar | y = a.copy(); y[...] = a < 0.5; y | a.clone().lt_(0.5)
lt_.Tensor | y = a.copy(); y[...] = a < b; y | a.clone().lt_(b) | a:3,4 b:3,4
ne_.Scalar | y = a.copy(); y[...] = a != 0.5; y | a.clone().ne_(0.5)
ne_.Tensor | y = a.copy(); y[...] = a != b; y | a.clone().ne_(b) | a:3,4 b:3,4
erf | sp.erf(a) | t.erf(a)
erfc | sp.erfc(a) | t.erfc(a)
special_erfcx | sp.erfcx(a) | t.special.erfcx(a)
erfinv | sp.erfinv(a) | t.erfinv(a) | a:3,4:unit
exp | np.exp(a) | t.exp(a)
exp2 | np.exp2(a) | t.exp2(a)
expm1 | np.expm1(a) | t.expm1(a)
expand | np.broadcast_to(a, (3, 4)) * 1 | a.expand(3, 4) * 1 | a:3,1
fill.Scalar | np.full_like(a, 2.0) + 0 * a | t.fill(a, 2.0) + 0 * a
fill.Tensor | y = a.copy(); y[...] = b; y | t.fill(a, b) | a:3,4 b:
fill_.Scalar | y = a * 1; y.fill(2.0); y + a | (a * 1).fill_(2.0) + a
fill_.Tensor | y = a * 1; y[...] = b; y | (a * 1).fill_(b) | a:3,4 b:
floor | np.floor(a) | t.floor(a) | a:3,4:far
fmod.Scalar | np.fmod(a, 0.7) | t.fmod(a, 0.7)
fmod.Tensor | np.fmod(a, b) | t.fmod(a, b) | a:3,4 b:3,4:pos
frac | a - np.trunc(a) | t.frac(a) | a:3,4:far
frexp.Tensor | a / 2.0 ** np.floor(np.log2(np.abs(a)) + 1) | t.frexp(a)[0]
gather | np.take_along_axis(a, i, axis=1) | t.gather(a, 1, i) | a:3,4 i:3,2:int
hardsigmoid | np.clip(a / 6 + 0.5, 0, 1) | F.hardsigmoid(a)
hardswish | a * np.clip(a + 3, 0, 6) / 6 | F.hardswish(a)
hardswish_backward | np.where(a <= -3, 0, np.where(a >= 3, b, b * (2 * a + 3) / 6)) | A.hardswish_backward(b, a) | a:3,4 b:3,4
hypot | np.hypot(a, b) | t.hypot(a, b) | a:3,4 b:3,4
i0 | np.i0(a) | t.i0(a)
special_i0e | sp.i0e(a) | t.special.i0e(a)
special_i1 | sp.i1(a) | t.special.i1(a)
special_i1e | sp.i1e(a) | t.special.i1e(a)
igamma | sp.gammainc(1.5, a) | t.igamma(t.tensor(1.5), a) | a:3,4:pos
igammac | sp.gammaincc(1.5, a) | t.igammac(t.tensor(1.5), a) | a:3,4:pos
index.Tensor | a[i] | a[i] | a:3,4 i:5:int
_unsafe_index.Tensor | a[i, j] | A._unsafe_index(a, [i, j]) | a:3,4 i:5:int j:5:int
index_add | y = a.copy(); np.add.at(y, i, b); y | t.index_add(a, 0, i, b) | a:3,4 i:5:int b:5,4
index_copy | y = a.copy(); y[i] = b; y | t.index_copy(a, 0, i, b) | a:3,4 i:3:perm b:3,4
index_fill.int_Scalar | y = a.copy(); y[:, i] = 2.0; y | t.index_fill(a, 1, i, 2.0) | a:3,4 i:2:int
index_fill.int_Tensor | y = a.copy(); y[:, i] = b; y | t.index_fill(a, 1, i, b) | a:3,4 i:2:perm b:
index_put | y = a.copy(); y[i, i] = b; y | t.index_put(a, (i, i), b) | a:3,4 i:3:perm b:3
_unsafe_index_put | y = a.copy(); np.add.at(y, (i, i), b); y | A._unsafe_index_put(a, [i, i], b, True) | a:3,4 i:3:int b:3
_index_put_impl_ | y = a.copy(); y[i] *= 0; y[i] += b; y | A._index_put_impl_(a.clone(), [i], b) | a:3,4 i:3:perm b:3,4
index_select | np.take(a, i, axis=1) | t.index_select(a, 1, i) | a:3,4 i:5:int
linalg_inv_ex | np.linalg.inv(a) | t.linalg.inv_ex(a)[0] | a:2,3,3
linalg_pinv.atol_rtol_tensor | np.linalg.pinv(a) | A.linalg_pinv.atol_rtol_tensor(a, atol=t.tensor(0.0), rtol=t.tensor(1e-15)) | a:3,2
isnan | np.where(np.isnan(a), 0, a) | t.where(t.isnan(a), 0, a)
kthvalue | np.sort(a, axis=1)[:, 1] | t.kthvalue(a, 2, 1)[0]
ldexp.Tensor | a * 2.0 ** i | t.ldexp(a, i) | a:3,4 i:3,4:int
lerp.Scalar | a + 0.3 * (b - a) | t.lerp(a, b, 0.3) | a:3,4 b:3,4
lerp.Tensor | a + c * (b - a) | t.lerp(a, b, c) | a:3,4 b:3,4 c:4
lgamma | sp.gammaln(a) | t.lgamma(a) | a:3,4:pos
digamma | sp.digamma(a) | t.digamma(a) | a:3,4:pos
polygamma | sp.polygamma(1, a) | t.polygamma(1, a) | a:3,4:pos
polygamma_ | y = a.copy(); y[...] = sp.polygamma(1, y); y | a.clone().polygamma_(1) | a:3,4:pos
log | np.log(a) | t.log(a) | a:3,4:pos
log10 | np.log10(a) | t.log10(a) | a:3,4:pos
log1p | np.log1p(a) | t.log1p(a) | a:3,4:unit
log2 | np.log2(a) | t.log2(a) | a:3,4:pos
logaddexp | np.logaddexp(a, b) | t.logaddexp(a, b) | a:3,4 b:4
logaddexp2 | np.logaddexp2(a, b) | t.logaddexp2(a, b) | a:3,4 b:4
xlogy.Tensor | sp.xlogy(a, b) | t.xlogy(a, b) | a:3,4 b:3,4:pos
xlogy.Scalar_Self | sp.xlogy(1.5, a) | t.xlogy(1.5, a) | a:3,4:pos
xlogy.Scalar_Other | sp.xlogy(a, 1.5) | t.xlogy(a, 1.5)
special_xlog1py | sp.xlog1py(a, b) | t.special.xlog1py(a, b) | a:3,4 b:3,4:pos
special_xlog1py.self_scalar | sp.xlog1py(1.5, a) | t.special.xlog1py(1.5, a) | a:3,4:pos
special_xlog1py.other_scalar | sp.xlog1py(a, 1.5) | t.special.xlog1py(a, 1.5)
special_zeta.self_scalar | sp.zeta(2.5, a) | t.special.zeta(2.5, a) | a:3,4:pos
logsumexp | sp.logsumexp(a, axis=1) | t.logsumexp(a, 1)
linalg_lstsq | np.linalg.lstsq(a, b, rcond=None)[0] | t.linalg.lstsq(a, b)[0] | a:4,2 b:4,3
masked_fill.Scalar | np.where(m, 2.0, a) | t.masked_fill(a, m, 2.0) | a:3,4 m:3,4:mask
masked_fill.Tensor | np.where(m, b, a) | t.masked_fill(a, m, b) | a:3,4 m:3,4:mask b:
masked_scatter | y = a.copy(); y[KEEP] = b; y | t.masked_scatter(a, t.tensor(KEEP), b) | a:3,4 b:4
masked_scatter_backward | a[KEEP] | A.masked_scatter_backward(a, t.tensor(KEEP), [4])
masked_select | a[KEEP] | t.masked_select(a, t.tensor(KEEP))
linalg_matrix_exp | sl.expm(a) | t.linalg.matrix_exp(a) | a:3,3
max.dim | np.max(a, axis=1) | t.max(a, 1)[0]
max | np.max(a) | t.max(a)
maximum | np.maximum(a, b) | t.maximum(a, b) | a:3,4 b:3,4
fmax | np.fmax(a, b) | t.fmax(a, b) | a:3,4 b:3,4
mean | np.mean(a) | t.mean(a)
mean.dim | np.mean(a, axis=(0, 2)) | t.mean(a, (0, 2)) | a:2,3,4
median | np.median(a) | t.median(a) | a:3,3
nanmedian | np.nanmedian(a) | t.nanmedian(a) | a:3,3
median.dim | np.median(a, axis=1) | t.median(a, 1)[0] | a:4,3
nanmedian.dim | np.nanmedian(a, axis=1) | t.nanmedian(a, 1)[0] | a:4,3
min.dim | np.min(a, axis=1) | t.min(a, 1)[0]
min | np.min(a) | t.min(a)
minimum | np.minimum(a, b) | t.minimum(a, b) | a:3,4 b:3,4
fmin | np.fmin(a, b) | t.fmin(a, b) | a:3,4 b:3,4
amax | np.amax(a, axis=(0, 1)) | t.amax(a, (0, 1)) | a:2,3,4
amin | np.amin(a, axis=(0, 1)) | t.amin(a, (0, 1)) | a:2,3,4
aminmax | np.min(a, axis=1), np.max(a, axis=1) | tuple(t.aminmax(a, dim=1))
mm | a @ b | t.mm(a, b) | a:2,3 b:3,4
mul.Tensor | a * b | t.mul(a, b) | a:3,4 b:4
mul.Scalar | a * 1.7 | A.mul.Scalar(a, 1.7)
mv | a @ b | t.mv(a, b) | a:2,3 b:3
mvlgamma | 0.5 * np.log(np.pi) + sp.gammaln(a) + sp.gammaln(a - 0.5) | t.mvlgamma(a, 2) | a:3,4:big
nan_to_num | np.nan_to_num(a) | t.nan_to_num(a)
native_batch_norm | m = np.mean(a, axis=0); (a - m) / np.sqrt(np.var(a, axis=0) + 1e-3) * b + c | t.native_batch_norm(a, b, c, None, None, True, 0.1, 1e-3)[0] | a:5,3 b:3 c:3
_native_batch_norm_legit.no_stats | m = np.mean(a, axis=(0, 2), keepdims=True); (a - m) / np.sqrt(np.var(a, axis=(0, 2), keepdims=True) + 1e-3) * b[:, None] + c[:, None] | A._native_batch_norm_legit.no_stats(a, b, c, True, 0.1, 1e-3)[0] | a:5,3,2 b:3 c:3
_native_batch_norm_legit | m = np.mean(a, axis=0); (a - m) / np.sqrt(np.var(a, axis=0) + 1e-3) * b + c | A._native_batch_norm_legit(a, b, c, t.zeros(3), t.ones(3), True, 0.1, 1e-3)[0] | a:5,3 b:3 c:3
_native_batch_norm_legit_no_training | (a - 0.5) / np.sqrt(2.0 + 1e-3) * b + c | A._native_batch_norm_legit_no_training(a, b, c, t.full((3,), 0.5), t.full((3,), 2.0), 0.1, 1e-3)[0] | a:5,3 b:3 c:3
_batch_norm_with_update | m = np.mean(a, axis=0); (a - m) / np.sqrt(np.var(a, axis=0) + 1e-3) * b + c | A._batch_norm_with_update(a, b, c, t.zeros(3), t.ones(3), 0.1, 1e-3)[0] | a:5,3 b:3 c:3
_batch_norm_no_update | (a - 0.5) / np.sqrt(2.0 + 1e-3) * b + c | A._batch_norm_no_update(a, b, c, t.full((3,), 0.5), t.full((3,), 2.0), 0.1, 1e-3)[0] | a:5,3 b:3 c:3
native_layer_norm | m = np.mean(a, axis=-1, keepdims=True); (a - m) / np.sqrt(np.var(a, axis=-1, keepdims=True) + 1e-3) * b + c | t.native_layer_norm(a, (4,), b, c, 1e-3)[0] | a:3,4 b:4 c:4
_fused_rms_norm | a / np.sqrt(np.mean(a ** 2, axis=-1, keepdims=True) + 1e-3) * b | A._fused_rms_norm(a, [4], b, 1e-3)[0] | a:3,4 b:4
native_group_norm | x = a.reshape(2, 2, 6); m = np.mean(x, axis=2, keepdims=True); y = (x - m) / np.sqrt(np.var(x, axis=2, keepdims=True) + 1e-3); y.reshape(2, 4, 3) * b[:, None] + c[:, None] | t.native_group_norm(a, b, c, 2, 4, 3, 2, 1e-3)[0] | a:2,4,3 b:4 c:4
neg | -a | t.neg(a)
norm.Scalar | np.sum(np.abs(a) ** 3) ** (1 / 3) | A.norm.Scalar(a, 3)
norm.ScalarOpt_dim | np.linalg.norm(a, axis=1) | A.norm.ScalarOpt_dim(a, 2, [1])
norm.ScalarOpt_dtype | np.linalg.norm(np.ravel(a)) | A.norm.ScalarOpt_dtype(a, 2, dtype=t.float64)
norm.ScalarOpt_dim_dtype | np.linalg.norm(a, ord=3, axis=1) | A.norm.ScalarOpt_dim_dtype(a, 3, [1], False, dtype=t.float64)
linalg_vector_norm | np.linalg.norm(a, ord=np.inf, axis=1, keepdims=True) | t.linalg.vector_norm(a, np.inf, 1, True)
_pdist_forward | sd.pdist(a) | F.pdist(a)
_euclidean_dist | sd.cdist(a, b) | A._euclidean_dist(a, b) | a:3,4 b:2,4
_cdist_forward | sd.cdist(a, b, "cityblock") | t.cdist(a, b, p=1) | a:3,4 b:2,4
permute | np.transpose(a, (2, 0, 1)) | a.permute(2, 0, 1) | a:2,3,4
pow.Tensor_Scalar | a ** 2.5 | t.pow(a, 2.5) | a:3,4:pos
pow.Tensor_Tensor | a ** b | t.pow(a, b) | a:3,4:pos b:4
pow.Scalar | 1.7 ** a | t.pow(1.7, a)
prod | np.prod(a) | t.prod(a)
prod.dim_int | np.prod(a, axis=1) | t.prod(a, 1)
put | y = a.copy(); np.put(y, PLACES, b); y | t.put(a, t.tensor(PLACES), b) | a:3,4 b:3
linalg_qr | q, r = np.linalg.qr(a); (q @ q.T, r.T @ r, np.abs(r)) | q, r = t.linalg.qr(a); (q @ q.T, r.T @ r, t.abs(r)) | a:4,3
rad2deg | np.rad2deg(a) | t.rad2deg(a)
reciprocal | 1 / a | t.reciprocal(a) | a:3,4:pos
remainder.Scalar | np.remainder(a, 0.7) | t.remainder(a, 0.7)
remainder.Tensor | np.mod(a, b) | t.remainder(a, b) | a:3,4 b:3,4:pos
renorm | n = np.sqrt(np.sum(a ** 2, axis=1, keepdims=True)); np.where(n > 0.5, a * 0.5 / (n + 1e-7), a) | t.renorm(a, 2, 0, 0.5)
repeat | np.tile(a, (2, 3)) | a.repeat(2, 3)
special_entr | sp.entr(a) | t.special.entr(a) | a:3,4:pos
special_ndtri | sp.ndtri(a) | t.special.ndtri(a) | a:3,4:prob
special_log_ndtr | sp.log_ndtr(a) | t.special.log_ndtr(a)
_reshape_alias | np.reshape(a, (4, 3)) | A._reshape_alias(a, [4, 3], [3, 1])
_reshape_copy | a.reshape(2, 6) | A._reshape_copy(a, [2, 6])
round | np.round(a) | t.round(a) | a:3,4:far
round.decimals | np.round(a, 1) | t.round(a, decimals=1)
rsqrt | 1 / np.sqrt(a) | t.rsqrt(a) | a:3,4:pos
scatter.src | y = a.copy(); np.put_along_axis(y, i[:, :1], b, axis=1); y | t.scatter(a, 1, i[:, :1], b) | a:3,4 i:3,2:int b:3,1
scatter.value | y = a.copy(); np.put_along_axis(y, i[:, :1], 2.0, axis=1); y | t.scatter(a, 1, i[:, :1], 2.0) | a:3,4 i:3,2:int
scatter_add | y = a.copy(); np.add.at(y, (np.arange(3)[:, None], i), b); y | t.scatter_add(a, 1, i, b) | a:3,4 i:3,2:int b:3,2
scatter_reduce.two | y = a.copy(); np.add.at(y, (np.arange(3)[:, None], i), b); y | t.scatter_reduce(a, 1, i, b, "sum") | a:3,4 i:3,2:int b:3,2
select.int | a[:, 1] | a.select(1, 1)
select_backward | y = np.zeros((3, 4)); y[:, 1] = a; y | A.select_backward(a, [3, 4], 1, 1) | a:3
sigmoid | 1 / (1 + np.exp(-a)) | t.sigmoid(a)
logit | sp.logit(a) | t.logit(a) | a:3,4:prob
sign | np.sign(a) | t.sign(a)
sgn | np.sign(a) * a | t.sgn(a) * a
sin | np.sin(a) | t.sin(a)
sinc | np.sinc(a) | t.sinc(a)
sinh | np.sinh(a) | t.sinh(a)
slice.Tensor | a[:, 1:4:2] | a[:, 1:4:2]
slice_backward | y = np.zeros((3, 4)); y[:, 1:4:2] = a; y | A.slice_backward(a, [3, 4], 1, 1, 4, 2) | a:3,2
slice_inverse | y = np.zeros((3, 4)); y[:, 1:3] = b; y[:, 1:3] + a | A.slice_scatter(t.zeros(3, 4), b, 1, 1, 3)[:, 1:3] + a | a:3,2 b:3,2
slice_scatter | y = a.copy(); y[:, 1:3] = b; y | t.slice_scatter(a, b, 1, 1, 3) | a:3,4 b:3,2
select_scatter | y = a.copy(); y[:, 1] = b; y | t.select_scatter(a, b, 1, 1) | a:3,4 b:3
diagonal_scatter | y = a.copy(); y[np.arange(3), np.arange(3)] = b; y | t.diagonal_scatter(a, b) | a:3,4 b:3
_linalg_solve_ex | np.linalg.solve(a, b) | t.linalg.solve(a, b) | a:2,3,3 b:2,3,2
sort | np.sort(a, axis=1) | t.sort(a, 1)[0]
sort.stable | np.sort(a, axis=0, kind="stable") | t.sort(a, stable=True, dim=0)[0]
split.Tensor | p, q = np.split(a, [3], axis=1); p[:, :1] * q | p, q = t.split(a, 3, 1); p[:, :1] * q
unsafe_split.Tensor | p, q = np.split(a, 2, axis=1); p * q | p, q = t.unsafe_split(a, 2, 1); p * q
split_with_sizes | p, q = np.split(a, [1], axis=1); p * q | p, q = t.split_with_sizes(a, (1, 3), 1); p * q
unsafe_split_with_sizes | p, q = np.array_split(a, [1], axis=1); p * q | p, q = t.unsafe_split_with_sizes(a, (1, 3), 1); p * q
sqrt | np.sqrt(a) | t.sqrt(a) | a:3,4:pos
squeeze | np.squeeze(a) | t.squeeze(a) | a:3,1,4,1
squeeze.dim | np.squeeze(a, axis=1) | t.squeeze(a, 1) | a:3,1,4,1
squeeze.dims | np.squeeze(a, axis=(1, 3)) | t.squeeze(a, (1, 3)) | a:3,1,4,1
squeeze_ | (a * 1).squeeze() | (a * 1).squeeze_() | a:3,1,4,1
squeeze_.dim | (a * 1).squeeze(1) | (a * 1).squeeze_(1) | a:3,1,4,1
squeeze_.dims | (a * 1).squeeze((1, 3)) | A.squeeze_.dims(a * 1, [1, 3]) | a:3,1,4,1
std.correction | np.std(a, axis=1, ddof=1) | t.std(a, 1, correction=1)
std_mean.correction | np.std(a, axis=0), np.mean(a, axis=0) | t.std_mean(a, 0, correction=0)
sub.Tensor | a - b | t.sub(a, b) | a:3,4 b:4
sub.Scalar | a - 1.5 | A.sub.Scalar(a, 1.5)
rsub.Tensor | b - a | t.rsub(a, b) | a:3,4 b:4
rsub.Scalar | 1.5 - a | A.rsub.Scalar(a, 1.5)
sum | np.sum(a) | t.sum(a)
sum.dim_IntList | np.sum(a, axis=(0, 2), keepdims=True) | t.sum(a, (0, 2), keepdim=True) | a:2,3,4
nansum | np.nansum(a, axis=1) | t.nansum(a, 1)
_linalg_svd | u, s, v = np.linalg.svd(a, full_matrices=False); (s, u @ v) | u, s, v = t.linalg.svd(a, full_matrices=False); (s, u @ v) | a:4,3
_linalg_eigh | w, v = np.linalg.eigh(a + a.T); (w, (v * np.exp(w)) @ v.T) | w, v = t.linalg.eigh(a + a.T); (w, (v * t.exp(w)) @ v.T) | a:3,3
t | a.T * 1 | t.t(a) * 1
t_ | (a * 1).T | (a * 1).t_()
one_hot | np.eye(3)[i] * a[:, :3] | F.one_hot(i, 3) * a[:, :3] | a:3,4 i:3:int
flip | np.flip(a, (0, 1)) | t.flip(a, (0, 1))
roll | np.roll(a, (1, 2), axis=(0, 1)) | t.roll(a, (1, 2), (0, 1))
rot90 | np.rot90(a) | t.rot90(a)
take | np.take(a, i) | t.take(a, i) | a:3,4 i:5:int
tan | np.tan(a) | t.tan(a) | a:3,4:unit
tanh | np.tanh(a) | t.tanh(a)
topk | np.sort(a, axis=1)[:, ::-1][:, :2] | t.topk(a, 2, 1)[0]
trace | np.trace(a) | t.trace(a)
transpose.int | np.swapaxes(a, 0, 2) | t.transpose(a, 0, 2) | a:2,3,4
transpose_ | np.swapaxes(a * 1, 0, 2) | (a * 1).transpose_(0, 2) | a:2,3,4
triangular_solve | sl.solve_triangular(a, b) | t.triangular_solve(b, a)[0] | a:3,3:pos b:3,2
linalg_solve_triangular | sl.solve_triangular(a, b, lower=True) | t.linalg.solve_triangular(a, b, upper=False) | a:3,3:pos b:3,2
tril | np.tril(a, 1) | t.tril(a, 1)
triu | np.triu(a, -1) | t.triu(a, -1)
trunc | np.trunc(a) | t.trunc(a) | a:3,4:far
unfold | np.lib.stride_tricks.sliding_window_view(a, 2, axis=1) | a.unfold(1, 2, 1)
unfold_backward | y = np.zeros((3, 4)); y[:, :3] += a[:, :, 0]; y[:, 1:] += a[:, :, 1]; y | A.unfold_backward(a, [3, 4], 1, 2, 1) | a:3,3,2
_unsafe_view | a.reshape(-1) | A._unsafe_view(a, [12])
lift | a * 1 | A.lift(a) * 1
lift_fresh | +a | A.lift_fresh(a) * 1
unsqueeze | np.expand_dims(a, 1) | t.unsqueeze(a, 1)
unsqueeze_ | (a * 1)[:, None] | (a * 1).unsqueeze_(1)
var.correction | np.var(a, axis=1, ddof=1) | t.var(a, 1, correction=1)
var_mean.correction | np.var(a, axis=0), np.mean(a, axis=0) | t.var_mean(a, 0, correction=0)
view | a.reshape(4, 3) | a.view(4, 3)
where.self | np.where(m, a, b) | t.where(m, a, b) | a:3,4 m:4:mask b:3,1
_weight_norm_interface | a * b / np.sqrt(np.sum(a ** 2, axis=1, keepdims=True)) | A._weight_norm_interface(a, b)[0] | a:3,4 b:3,1
zero_ | y = a * 1; y[...] = 0; y + a | (a * 1).zero_() + a
_trilinear | np.einsum("i,j,k->ijk", a, b, c) | A._trilinear(a, b, c, [1, 2], [0, 2], [0, 1], []) | a:2 b:3 c:4
constant_pad_nd | np.pad(a, ((0, 0), (1, 2)), constant_values=0.5) | F.pad(a, (1, 2), value=0.5)
binary_cross_entropy | np.mean(-(b * np.log(a) + (1 - b) * np.log(1 - a))) | F.binary_cross_entropy(a, b) | a:3,4:prob b:3,4:prob
binary_cross_entropy_backward | c * (a - b) / (a * (1 - a)) | A.binary_cross_entropy_backward(c, a, b, None, 0) | a:3,4:prob b:3,4:prob c:3,4
binary_cross_entropy_with_logits | np.mean(np.maximum(a, 0) - a * b + np.log(1 + np.exp(-np.abs(a)))) | F.binary_cross_entropy_with_logits(a, b) | a:3,4 b:3,4:prob
embedding | a[i] | F.embedding(i, a) | a:3,4 i:5:int
embedding_dense_backward | y = np.zeros((3, 4)); np.add.at(y, i, a); y | A.embedding_dense_backward(a, i, 3, -1, False) | a:5,4 i:5:int
_embedding_bag | np.sum(a[i].reshape(2, 2, 4), axis=1) | A._embedding_bag(a, i, t.tensor([0, 2]))[0] | a:3,4 i:4:int
mse_loss | np.mean((a - b) ** 2) | F.mse_loss(a, b) | a:3,4 b:3,4
multi_margin_loss | r = a[np.arange(3), i][:, None]; np.mean((np.sum(np.maximum(0, 1 - r + a), axis=1) - 1) / 4) | F.multi_margin_loss(a, i) | a:3,4 i:3:int
nll_loss_forward | -np.mean(a[np.arange(3), i]) | F.nll_loss(a, i) | a:3,4 i:3:int
nll_loss2d_forward | -np.mean(np.take_along_axis(a, i[:, None], axis=1)) | F.nll_loss(a, i) | a:2,3,4,2 i:2,4,2:int
nll_loss_backward | y = np.zeros((3, 4)); y[np.arange(3), i] = -a / 3; y | A.nll_loss_backward(a, t.zeros(3, 4), i, None, 1, -100, t.tensor(3.0)) | a: i:3:int
smooth_l1_loss | e = np.abs(a - b); np.mean(np.where(e < 1, 0.5 * e ** 2, e - 0.5)) | F.smooth_l1_loss(a, b) | a:3,4 b:3,4
huber_loss | e = np.abs(a - b); np.mean(np.where(e < 0.7, 0.5 * e ** 2, 0.7 * (e - 0.35))) | F.huber_loss(a, b, delta=0.7) | a:3,4 b:3,4
soft_margin_loss | np.mean(np.log(1 + np.exp(-b * a))) | F.soft_margin_loss(a, b) | a:3,4 b:3,4:fix
relu | np.maximum(a, 0) | t.relu(a)
silu | a / (1 + np.exp(-a)) | F.silu(a)
mish | a * np.tanh(np.log1p(np.exp(a))) | F.mish(a)
elu | np.where(a > 0, a, 0.7 * (np.exp(a) - 1)) | F.elu(a, 0.7)
elu_ | y = a.copy(); y[y < 0] = 0.7 * (np.exp(y[y < 0]) - 1); y | F.elu_(a.clone(), 0.7)
celu | np.maximum(a, 0) + np.minimum(0, 0.5 * (np.exp(a / 0.5) - 1)) | t.celu(a, 0.5)
celu_ | y = a.copy(); y[y < 0] = 0.5 * np.expm1(y[y < 0] / 0.5); y | t.celu_(a.clone(), 0.5)
gelu | a * 0.5 * (1 + sp.erf(a / np.sqrt(2))) | F.gelu(a)
gelu_backward | b * (0.5 * (1 + sp.erf(a / np.sqrt(2))) + a * np.exp(-0.5 * a ** 2) / np.sqrt(2 * np.pi)) | A.gelu_backward(b, a) | a:3,4 b:3,4
glu | p, q = np.split(a, 2, axis=1); p / (1 + np.exp(-q)) | F.glu(a, 1)
hardshrink | a * (np.abs(a) > 0.5) | F.hardshrink(a)
hardshrink_backward | b * (np.abs(a) > 0.5) | A.hardshrink_backward(b, a, 0.5) | a:3,4 b:3,4
hardtanh | np.clip(a, -1, 1) | F.hardtanh(a)
leaky_relu | np.where(a > 0, a, 0.1 * a) | F.leaky_relu(a, 0.1)
leaky_relu_ | y = a.copy(); y[y < 0] *= 0.1; y | F.leaky_relu_(a.clone(), 0.1)
log_sigmoid_forward | -np.log(1 + np.exp(-a)) | F.logsigmoid(a)
_log_softmax | a - np.log(np.sum(np.exp(a), axis=1, keepdims=True)) | t.log_softmax(a, 1)
_prelu_kernel | np.where(a > 0, a, b * a) | A._prelu_kernel(a, b) | a:3,4 b:1,4
_softmax | np.exp(a) / np.sum(np.exp(a), axis=1, keepdims=True) | t.softmax(a, 1)
_safe_softmax | e = np.exp(a - np.max(a, axis=1, keepdims=True)); e / np.sum(e, axis=1, keepdims=True) | A._safe_softmax(a, 1)
softplus | np.log(1 + np.exp(2 * a)) / 2 | F.softplus(a, 2.0)
softshrink | np.sign(a) * np.maximum(np.abs(a) - 0.5, 0) | F.softshrink(a)
threshold | np.where(a > 0.1, a, 0.5) | F.threshold(a, 0.1, 0.5)
threshold_ | y = a.copy(); y[y <= 0.1] = 0.5; y | F.threshold_(a.clone(), 0.1, 0.5)
reflection_pad1d | np.pad(a, ((0, 0), (0, 0), (1, 2)), mode="reflect") | F.pad(a, (1, 2), "reflect") | a:2,3,4
reflection_pad2d | np.pad(a, ((0, 0), (0, 0), (1, 0), (2, 1)), mode="reflect") | F.pad(a, (2, 1, 1, 0), "reflect") | a:2,1,3,4
reflection_pad3d | np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 0), (2, 1)), mode="reflect") | F.pad(a, (2, 1, 1, 0, 1, 1), "reflect") | a:1,1,2,3,4
replication_pad1d | np.pad(a, ((0, 0), (0, 0), (1, 2)), mode="edge") | F.pad(a, (1, 2), "replicate") | a:2,3,4
replication_pad2d | np.pad(a, ((0, 0), (0, 0), (1, 0), (2, 1)), mode="edge") | F.pad(a, (2, 1, 1, 0), "replicate") | a:2,1,3,4
replication_pad3d | np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 0), (2, 1)), mode="edge") | F.pad(a, (2, 1, 1, 0, 1, 1), "replicate") | a:1,1,2,3,4
upsample_linear1d | np.einsum("oi,nci->nco", W5, a) | F.interpolate(a, 5, mode="linear", align_corners=True) | a:2,4,3
upsample_bilinear2d | np.einsum("oi,pj,ncij->ncop", W5, W5, a) | F.interpolate(a, (5, 5), mode="bilinear", align_corners=True) | a:2,1,3,3
upsample_trilinear3d | np.einsum("oi,pj,qk,ncijk->ncopq", W5, W5, W5, a) | F.interpolate(a, (5, 5, 5), mode="trilinear", align_corners=True) | a:1,2,3,3,3
upsample_nearest1d | np.repeat(a, 2, axis=2) | F.interpolate(a, scale_factor=2) | a:2,3,4
upsample_nearest2d | np.repeat(np.repeat(a, 2, axis=2), 2, axis=3) | F.interpolate(a, scale_factor=2) | a:2,1,3,4
upsample_nearest3d | a.repeat(2, axis=2).repeat(2, axis=3).repeat(2, axis=4) | F.interpolate(a, scale_factor=2) | a:1,1,2,3,2
_upsample_nearest_exact1d | np.repeat(a, 2, axis=2) | F.interpolate(a, scale_factor=2, mode="nearest-exact") | a:2,3,4
_upsample_nearest_exact2d | np.kron(a, np.ones((1, 1, 2, 2))) | F.interpolate(a, scale_factor=2, mode="nearest-exact") | a:2,1,3,4
_upsample_nearest_exact3d | np.kron(a, np.ones((1, 1, 2, 2, 2))) | F.interpolate(a, scale_factor=2, mode="nearest-exact") | a:1,1,2,3,2
pixel_shuffle | a.reshape(1, 2, 2, 2, 3, 4).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 6, 8) | F.pixel_shuffle(a, 2) | a:1,8,3,4
pixel_unshuffle | a.reshape(1, 2, 3, 2, 4, 2).transpose(0, 1, 3, 5, 2, 4).reshape(1, 8, 3, 4) | F.pixel_unshuffle(a, 2) | a:1,2,6,8
channel_shuffle | np.swapaxes(a.reshape(2, 2, 3, 4), 1, 2).reshape(2, 6, 4) | F.channel_shuffle(a, 2) | a:2,6,4
_adaptive_avg_pool2d | a.reshape(2, 1, 2, 2, 2, 3).mean(axis=(3, 5)) | F.adaptive_avg_pool2d(a, (2, 2)) | a:2,1,4,6
_adaptive_avg_pool3d | a.reshape(1, 2, 2, 1, 2, 2, 2, 3).mean(axis=(3, 5, 7)) | F.adaptive_avg_pool3d(a, (2, 2, 2)) | a:1,2,2,4,6
adaptive_max_pool2d | a.reshape(2, 1, 2, 2, 2, 3).max(axis=(3, 5)) | F.adaptive_max_pool2d(a, (2, 2)) | a:2,1,4,6
adaptive_max_pool3d | a.reshape(1, 2, 2, 1, 2, 2, 2, 3).max(axis=(3, 5, 7)) | F.adaptive_max_pool3d(a, (2, 2, 2)) | a:1,2,2,4,6
avg_pool2d | np.lib.stride_tricks.sliding_window_view(a, (2, 2), axis=(2, 3)).mean(axis=(4, 5)) | F.avg_pool2d(a, 2, stride=1) | a:2,1,4,5
avg_pool3d | a.reshape(1, 2, 2, 1, 2, 2, 2, 3).mean(axis=(3, 5, 7)) | F.avg_pool3d(a, (1, 2, 3)) | a:1,2,2,4,6
linear | a @ b.T + c | A.linear(a, b, c) | a:3,4 b:2,4 c:2
max_pool2d_with_indices | np.lib.stride_tricks.sliding_window_view(a, (2, 2), axis=(2, 3)).max(axis=(4, 5)) | A.max_pool2d_with_indices(a, [2, 2], [1, 1])[0] | a:2,1,4,5
max_pool2d | a.reshape(2, 1, 2, 2, 3, 2).max(axis=(3, 5)) | F.max_pool2d(a, 2) | a:2,1,4,6
max_pool3d_with_indices | a.reshape(1, 2, 2, 1, 2, 2, 2, 3).max(axis=(3, 5, 7)) | A.max_pool3d_with_indices(a, [1, 2, 3])[0] | a:1,2,2,4,6
convolution | w = np.lib.stride_tricks.sliding_window_view(a, (2, 2), axis=(2, 3)); np.einsum("nchwij,ocij->nohw", w, b) + c[:, None, None] | F.conv2d(a, b, c) | a:2,3,4,5 b:2,3,2,2 c:2
_convolution | w = np.lib.stride_tricks.sliding_window_view(np.pad(a, ((0, 0), (0, 0), (1, 1))), 2, axis=2); np.einsum("nchi,oci->noh", w, b) | A._convolution(a, b, None, [1], [1], [1], False, [0], 1, False, False, False, False) | a:2,3,4 b:2,3,2
_slow_conv2d_forward | w = np.lib.stride_tricks.sliding_window_view(a, (2, 2), axis=(2, 3)); np.einsum("nchwij,ocij->nohw", w, b) | A._slow_conv2d_forward(a, b, [2, 2], None, [1, 1], [0, 0]) | a:2,3,4,5 b:2,3,2,2
slow_conv3d_forward | w = np.lib.stride_tricks.sliding_window_view(a, (1, 2, 2), axis=(2, 3, 4)); np.einsum("nchwxijk,ocijk->nohwx", w, b) | A.slow_conv3d_forward(a, b, [1, 2, 2], None, [1, 1, 1], [0, 0, 0]) | a:1,2,2,3,4 b:2,2,1,2,2
slow_conv_dilated2d | w = np.lib.stride_tricks.sliding_window_view(a, (3, 3), axis=(2, 3))[..., ::2, ::2]; np.einsum("nchwij,ocij->nohw", w, b) | A.slow_conv_dilated2d(a, b, [2, 2], None, [1, 1], [0, 0], [2, 2]) | a:2,3,4,5 b:2,3,2,2
slow_conv_dilated3d | w = np.lib.stride_tricks.sliding_window_view(a, (1, 3, 3), axis=(2, 3, 4))[..., ::2, ::2]; np.einsum("nchwxijk,ocijk->nohwx", w, b) | A.slow_conv_dilated3d(a, b, [1, 2, 2], None, [1, 1, 1], [0, 0, 0], [1, 2, 2]) | a:1,2,2,3,4 b:2,2,1,2,2
slow_conv_transpose2d | y = np.zeros((2, 3, 5, 6)); k = np.einsum("nohw,ocij->nchwij", a, b); y[:, :, :4, :5] += k[..., 0, 0]; y[:, :, :4, 1:] += k[..., 0, 1]; y[:, :, 1:, :5] += k[..., 1, 0]; y[:, :, 1:, 1:] += k[..., 1, 1]; y | A.slow_conv_transpose2d(a, b, [2, 2]) | a:2,2,4,5 b:2,3,2,2
im2col | np.lib.stride_tricks.sliding_window_view(a, (2, 2), axis=(2, 3)).transpose(0, 1, 4, 5, 2, 3).reshape(2, 12, 12) | F.unfold(a, 2) | a:2,3,4,5
col2im | k = a.reshape(2, 3, 2, 2, 3, 4); y = np.zeros((2, 3, 4, 5)); y[:, :, :3, :4] += k[:, :, 0, 0]; y[:, :, :3, 1:] += k[:, :, 0, 1]; y[:, :, 1:, :4] += k[:, :, 1, 0]; y[:, :, 1:, 1:] += k[:, :, 1, 1]; y | F.fold(a, (4, 5), 2) | a:2,12,12
_adaptive_avg_pool2d_backward | np.repeat(np.repeat(a, 2, axis=2), 3, axis=3) / 6 | A._adaptive_avg_pool2d_backward(a, t.zeros(2, 1, 4, 6)) | a:2,1,2,2
_adaptive_avg_pool3d_backward | np.repeat(np.repeat(a, 2, axis=3), 3, axis=4) / 6 | A._adaptive_avg_pool3d_backward(a, t.zeros(1, 2, 2, 4, 6)) | a:1,2,2,2,2
avg_pool2d_backward | np.repeat(np.repeat(a, 2, axis=2), 2, axis=3) / 4 | A.avg_pool2d_backward(a, t.zeros(2, 1, 4, 6), [2, 2], [2, 2], [0, 0], False, True, None) | a:2,1,2,3
avg_pool3d_backward | np.repeat(np.repeat(a, 2, axis=3), 3, axis=4) / 6 | A.avg_pool3d_backward(a, t.zeros(1, 2, 2, 4, 6), [1, 2, 3], [1, 2, 3], [0, 0, 0], False, True, None) | a:1,2,2,2,2
elu_backward | b * np.where(a > 0, 1.0, 0.7 * np.exp(a)) | A.elu_backward(b, 0.7, 1.0, 1.0, False, a) | a:3,4 b:3,4
glu_backward | p, q = np.split(a, 2, axis=1); s = 1 / (1 + np.exp(-q)); np.concatenate([b * s, b * p * s * (1 - s)], axis=1) | A.glu_backward(b, a, 1) | a:3,4 b:3,2
hardtanh_backward | b * ((a > -1) & (a < 1)) | A.hardtanh_backward(b, a, -1, 1) | a:3,4 b:3,4
log_sigmoid_backward | b / (1 + np.exp(a)) | A.log_sigmoid_backward(b, a, t.exp(-t.abs(a.detach()))) | a:3,4 b:3,4
_log_softmax_backward_data | b - np.exp(a) * np.sum(b, axis=1, keepdims=True) | A._log_softmax_backward_data(b, a, 1, t.float64) | a:3,4 b:3,4
_softmax_backward_data | a * (b - np.sum(b * a, axis=1, keepdims=True)) | A._softmax_backward_data(b, a, 1, t.float64) | a:3,4 b:3,4
leaky_relu_backward | b * np.where(a > 0, 1, 0.1) | A.leaky_relu_backward(b, a, 0.1, False) | a:3,4 b:3,4
mse_loss_backward | c * 2 * (a - b) / 12 | A.mse_loss_backward(c, a, b, 1) | a:3,4 b:3,4 c:
smooth_l1_loss_backward | e = a - b; c * np.where(np.abs(e) < 1, e, np.sign(e)) / 12 | A.smooth_l1_loss_backward(c, a, b, 1, 1.0) | a:3,4 b:3,4 c:
huber_loss_backward | c * np.clip(a - b, -0.7, 0.7) / 12 | A.huber_loss_backward(c, a, b, 1, 0.7) | a:3,4 b:3,4 c:
soft_margin_loss_backward | -c * b / (1 + np.exp(a * b)) / 12 | A.soft_margin_loss_backward(c, a, b, 1) | a:3,4 b:3,4:fix c:
softplus_backward | b / (1 + np.exp(-2 * a)) | A.softplus_backward(b, a, 2.0, 20) | a:3,4 b:3,4
softshrink_backward | b * (np.abs(a) > 0.5) | A.softshrink_backward(b, a, 0.5) | a:3,4 b:3,4
threshold_backward | b * (a > 0.1) | A.threshold_backward(b, a, 0.1) | a:3,4 b:3,4
sigmoid_backward | b * a * (1 - a) | A.sigmoid_backward(b, a) | a:3,4 b:3,4
tanh_backward | b * (1 - a ** 2) | A.tanh_backward(b, a) | a:3,4 b:3,4
reflection_pad1d_backward | y = a[:, :, 1:5].copy(); y[:, :, 1] += a[:, :, 0]; y[:, :, 2] += a[:, :, 5]; y | A.reflection_pad1d_backward(a, t.zeros(2, 3, 4), [1, 1]) | a:2,3,6
replication_pad1d_backward | y = a[:, :, 1:5].copy(); y[:, :, 0] += a[:, :, 0]; y[:, :, 3] += a[:, :, 5]; y | A.replication_pad1d_backward(a, t.zeros(2, 3, 4), [1, 1]) | a:2,3,6
upsample_nearest1d_backward | a.reshape(2, 3, 4, 2).sum(axis=3) | A.upsample_nearest1d_backward(a, [8], [2, 3, 4]) | a:2,3,8
upsample_nearest2d_backward | a.reshape(2, 1, 3, 2, 4, 2).sum(axis=(3, 5)) | A.upsample_nearest2d_backward(a, [6, 8], [2, 1, 3, 4]) | a:2,1,6,8
upsample_nearest3d_backward | a.reshape(1, 1, 2, 2, 3, 2, 2, 2).sum(axis=(3, 5, 7)) | A.upsample_nearest3d_backward(a, [4, 6, 4], [1, 1, 2, 3, 2]) | a:1,1,4,6,4
_upsample_nearest_exact1d_backward | a.reshape(2, 3, 4, 2).sum(axis=3) | A._upsample_nearest_exact1d_backward(a, [8], [2, 3, 4]) | a:2,3,8
_upsample_nearest_exact2d_backward | a.reshape(2, 1, 3, 2, 4, 2).sum(axis=(3, 5)) | A._upsample_nearest_exact2d_backward(a, [6, 8], [2, 1, 3, 4]) | a:2,1,6,8
upsample_linear1d_backward | np.einsum("oi,nco->nci", W5, a) | A.upsample_linear1d_backward(a, [5], [2, 4, 3], True) | a:2,4,5
upsample_bilinear2d_backward | np.einsum("oi,pj,ncop->ncij", W5, W5, a) | A.upsample_bilinear2d_backward(a, [5, 5], [2, 1, 3, 3], True) | a:2,1,5,5
upsample_trilinear3d_backward | np.einsum("oi,pj,qk,ncopq->ncijk", W5, W5, W5, a) | A.upsample_trilinear3d_backward(a, [5, 5, 5], [1, 2, 3, 3, 3], True) | a:1,2,5,5,5
_scaled_dot_product_flash_attention_for_cpu | s = a @ np.swapaxes(b, -1, -2) / 2; e = np.exp(s - s.max(axis=-1, keepdims=True)); e / e.sum(axis=-1, keepdims=True) @ c | A._scaled_dot_product_flash_attention_for_cpu(a, b, c)[0] | a:1,2,5,4 b:1,2,5,4 c:1,2,5,4
_fft_r2c | y = np.fft.rfft(a, axis=1); (np.real(y), np.imag(y)) | y = t.fft.rfft(a, dim=1); (y.real, y.imag)
_fft_c2c | y = np.fft.fft(a, axis=1); (np.real(y), np.imag(y)) | y = t.fft.fft(t.complex(a, 0 * a), dim=1); (y.real, y.imag)
_fft_c2r | np.fft.irfft(np.fft.rfft(a, axis=1) * 2, axis=1) | t.fft.irfft(t.fft.rfft(a, dim=1) * 2, dim=1)
unbind.int | p, q, r = a; p * q + r | p, q, r = t.unbind(a); p * q + r
stack | np.stack([a, b], axis=1) | t.stack([a, b], 1) | a:3,4 b:3,4
eq.Scalar | (a == 1) * a | A.eq.Scalar(a, 1) * a
eq.Tensor | (a == b) * a | t.eq(a, b) * a | a:3,4 b:3,4
ge.Scalar | (a >= 0.5) * a | A.ge.Scalar(a, 0.5) * a
ge.Tensor | (a >= b) * a | t.ge(a, b) * a | a:3,4 b:3,4
gt.Scalar | (a > 0.5) * a | A.gt.Scalar(a, 0.5) * a
gt.Tensor | (a > b) * a | t.gt(a, b) * a | a:3,4 b:3,4
le.Scalar | (a <= 0.5) * a | A.le.Scalar(a, 0.5) * a
le.Tensor | (a <= b) * a | t.le(a, b) * a | a:3,4 b:3,4
lt.Scalar | (a < 0.5) * a | A.lt.Scalar(a, 0.5) * a
lt.Tensor | (a < b) * a | t.lt(a, b) * a | a:3,4 b:3,4
ne.Scalar | (a != 0.5) * a | A.ne.Scalar(a, 0.5) * a
ne.Tensor | (a != b) * a | t.ne(a, b) * a | a:3,4 b:3,4
narrow_copy | a[:, 1:3].copy() | t.narrow_copy(a, 1, 1, 2)
_foreach_div.List | a / b, c / b[:2] | t._foreach_div([a, c], [b, b[:2]]) | a:3,4 b:3,4:pos c:2,4
_foreach_pow.List | a ** b, b ** a | t._foreach_pow([a, b], [b, a]) | a:3,4:pos b:3,4:pos
_foreach_pow.ScalarList | a ** 2.0, a ** 3.0 | t._foreach_pow([a, a], [2.0, 3.0])
_foreach_pow.ScalarAndTensor | 1.7 ** a, 1.7 ** b | t._foreach_pow(1.7, [a, b]) | a:3,4 b:2
_foreach_minimum.Scalar | np.minimum(a, 0.1), np.minimum(b, 0.1) | t._foreach_minimum([a, b], 0.1) | a:3,4 b:2
_foreach_minimum.ScalarList | np.minimum(a, 0.1), np.minimum(b, 0.2) | t._foreach_minimum([a, b], [0.1, 0.2]) | a:3,4 b:2
_foreach_maximum.Scalar | np.maximum(a, 0.1), np.maximum(b, 0.1) | t._foreach_maximum([a, b], 0.1) | a:3,4 b:2
_foreach_maximum.ScalarList | np.maximum(a, 0.1), np.maximum(b, 0.2) | t._foreach_maximum([a, b], [0.1, 0.2]) | a:3,4 b:2
_foreach_norm.Scalar | np.linalg.norm(np.ravel(a)), np.linalg.norm(b) | t._foreach_norm([a, b]) | a:3,4 b:2
"""
