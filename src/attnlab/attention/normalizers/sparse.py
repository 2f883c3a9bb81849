"""What sparsemax and the entmax normalizers share: the mask before, the Jacobian after.

All three hold the sum of p_s = [1 + (alpha - 1)(z_s - m)]_+^(1 / (alpha - 1)) at 1 by their choice of m; as alpha falls
to 1 the bracket becomes exp(z_s - m), the softmax. They differ in how m is found.

The package of the authors, entmax 1.3 (2024, untyped), was tried first. It raises or returns NaN for a row without a
real position, and its bisection, which a learned alpha needs, costs six times as much in a decoder's step as Newton's
method, returns NaN for bfloat16 scores of 1e4, and in float32 misses the gradient of alpha = 1.001 by a sixth.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.masking import widened


def below_best(
    scores: Float[Tensor, "*shape"], mask: Bool[Tensor, "*#shape"], reach: float | Float[Tensor, ""]
) -> Float[Tensor, "*shape"]:
    """Scores minus the best of their row, in float32 at least; nothing, padding neither, is left below -2 reach.

    No m is below the best score, so that a score which is reach = 1 / (alpha - 1) below it has weight 0. The cut is as
    far again away, where rounding gives no weight back; it keeps infinities and NaN of padding out of all sums. A row
    without a single real position becomes all zeros.
    """
    wide = widened(scores)
    real = wide.masked_fill(~mask, torch.finfo(wide.dtype).min)
    return (real - real.detach().amax(dim=-1, keepdim=True)).clamp(min=-2 * reach)


def centred(gradient: Float[Tensor, "*shape"], slope: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The gradient minus its mean, weighted by the slopes dp_s / dz_s at fixed m.

    Times the slope it is the gradient of z: the Jacobian is diag(slope) - slope slope^T / sum(slope), because m follows
    z and holds the sum (Peters et al. 2019).
    """
    return gradient - (gradient * slope).sum(dim=-1, keepdim=True) / slope.sum(dim=-1, keepdim=True)
