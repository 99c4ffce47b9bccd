"""Compiled kernels: the swarm's moves, small networks, and both in one evolution.

Random numbers are counter-based: each is a hash of the seed, the iteration, the particle and the
component, so that nothing depends on the order in which they are drawn, nor on the number of
threads.
"""

import math

import numpy as np

from .._core.compiled import compiled

# Frames that pass through a network at once: what belongs to them stays in the first cache. No
# power of two, lest the rows of a buffer fall on the same lines of it.
BLOCK = 544
TILE = 4

_STEP = np.uint64(0x9E3779B97F4A7C15)  # splitmix64, Steele, Lea and Flood 2014
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_UNIT = 2.0**-32

# tanh as x P(x^2) / Q(x^2), fitted to the least largest error; beyond 8 tanh is 1 in single
# precision. The error is 6e-9 before and 4e-7 after rounding, and no value exceeds 1.
_EDGE = np.float32(8.0)
_P0, _P1, _P2, _P3, _P4 = np.array(
    [9.9999994e-01, 1.3438189e-01, 3.5641533e-03, 2.1773201e-05, 1.5061747e-08], dtype=np.float32
)
_Q0, _Q1, _Q2, _Q3, _Q4 = np.array(
    [1.0, 4.6771508e-01, 2.6136005e-02, 3.3991749e-04, 8.4536362e-07], dtype=np.float32
)

# Fused multiply and add is allowed, nothing that reorders: a frame's output does not depend on
# where it stands. Division without a check for zero can be vectorised.
_network = compiled(fastmath={"contract"}, error_model="numpy")


@compiled()
def _copy(source, target):
    # An assignment to a slice takes seconds to compile, for the sake of its error message.
    for j in range(len(source)):
        target[j] = source[j]


@compiled()
def _mix(z):
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@compiled()
def _key(seed, iteration, particle):
    """Return the stream of one particle in one iteration."""
    return _mix(_mix(seed + _STEP * np.uint64(iteration + 1)) + _STEP * np.uint64(particle + 1))


@compiled()
def _pair(key, counter):
    """Return two uniform numbers in [0, 1)."""
    z = _mix(key + _STEP * np.uint64(counter + 1))
    return float(z >> _S32) * _UNIT, float(z & _LOW) * _UNIT


@compiled()
def start(seed, offsets, x, v, current, drift, x_max, v_max, vd_max):
    """Place the particles at random.

    ``x`` and ``v`` (n_particles, n_components) hold positions and velocities in all dimensions side
    by side, dimension d from ``offsets[d]``; ``current`` and ``drift`` (n_particles,) hold the
    particles' dimensions and their speed through them.
    """
    n_dims = len(offsets) - 1
    for a in range(len(current)):
        key = _key(seed, 0, a)
        for j in range(x.shape[1]):
            r1, r2 = _pair(key, j)
            x[a, j] = (2.0 * r1 - 1.0) * x_max
            v[a, j] = (2.0 * r2 - 1.0) * v_max
        r1, r2 = _pair(key, x.shape[1])
        current[a] = int(r1 * n_dims)
        drift[a] = int(r2 * (2 * vd_max + 1)) - vd_max


@compiled()
def record(losses, offsets, x, best, best_loss, current, home, leader, leader_loss):
    """Note what is better than before, of each particle and of the swarm in each dimension.

    ``best`` is laid out as ``x`` and ``best_loss`` (n_particles, n_dims); ``home`` (n_particles,)
    is the personal best dimension; ``leader`` (n_components,) and ``leader_loss`` (n_dims,) belong
    to the swarm.
    """
    for a in range(len(losses)):
        d, loss = current[a], losses[a]
        if loss <= best_loss[a, d]:
            low, high = offsets[d], offsets[d + 1]
            best_loss[a, d] = loss
            _copy(x[a, low:high], best[a, low:high])
            if loss <= best_loss[a, home[a]]:
                home[a] = d
            if loss < leader_loss[d]:
                leader_loss[d] = loss
                _copy(x[a, low:high], leader[low:high])


@compiled()
def move(
    seed, iteration, inertia, cognitive, social, offsets, x, v, best, current, home, drift, leader,
    best_dim, x_max, v_max, vd_max, clip, max_crowd,
):  # fmt: skip
    """Move each particle, then send it to a dimension. Arguments as those of `record`."""
    n_dims = len(offsets) - 1
    crowd = np.zeros(n_dims, dtype=np.int64)
    for a in range(len(current)):
        crowd[current[a]] += 1
    # In the precision of the positions, so that no number is converted in the loop.
    w, c1, c2 = x.dtype.type(inertia), x.dtype.type(cognitive), x.dtype.type(social)
    limit, edge = x.dtype.type(v_max), x.dtype.type(x_max)
    for a in range(len(current)):
        d = current[a]
        low = offsets[d]
        n = offsets[d + 1] - low
        key = _key(seed, iteration, a)
        xa, va, ba, ga = (
            x[a, low : low + n],
            v[a, low : low + n],
            best[a, low : low + n],
            leader[low : low + n],
        )
        for j in range(n):
            r1, r2 = _pair(key, j)
            speed = w * va[j] + c1 * x.dtype.type(r1) * (ba[j] - xa[j])
            speed += c2 * x.dtype.type(r2) * (ga[j] - xa[j])
            speed = min(max(speed, -limit), limit)
            place = xa[j] + speed
            va[j] = speed
            xa[j] = min(max(place, -edge), edge) if clip else place
        r1, r2 = _pair(key, n)
        pull = cognitive * r1 * (home[a] - d) + social * r2 * (best_dim - d)
        drift[a] = min(max(math.floor(drift[a] + pull), -vd_max), vd_max)
        target = d + drift[a]
        if 0 <= target < n_dims and (target == d or crowd[target] < max_crowd):
            crowd[d] -= 1
            crowd[target] += 1
            current[a] = target


@compiled()
def walk(rows, columns, limit, counts, taken):
    """Take pairs in turn while the column is free and the row has fewer than ``limit``."""
    for i in range(len(rows)):
        if not taken[columns[i]] and counts[rows[i]] < limit:
            taken[columns[i]] = True
            counts[rows[i]] += 1


@_network
def _tanh(a):
    for t in range(len(a)):
        x = min(max(a[t], -_EDGE), _EDGE)
        s = x * x
        p = (((_P4 * s + _P3) * s + _P2) * s + _P1) * s + _P0
        q = (((_Q4 * s + _Q3) * s + _Q2) * s + _Q1) * s + _Q0
        a[t] = x * p / q


@_network
def _tile(XT, low, w, bias, a0, a1, a2, a3):
    """Weigh all inputs of a block for four units at once: (n_inputs, n) -> four of (n,).

    ``w`` (4, n_columns) has the inputs' weights in its last columns, a multiple of four, and zeros
    in the columns before.
    """
    n, n_columns = len(a0), w.shape[1]
    pad = n_columns - XT.shape[0]
    w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
    b0, b1, b2, b3 = bias[0], bias[1], bias[2], bias[3]
    for i in range(0, n_columns, TILE):
        # A column before the inputs has weight 0: any input stands in for it.
        p, q, r, s = max(i - pad, 0), max(i + 1 - pad, 0), max(i + 2 - pad, 0), i + 3 - pad
        x, y = XT[p, low : low + n], XT[q, low : low + n]
        z, u = XT[r, low : low + n], XT[s, low : low + n]
        if i == 0:
            for t in range(n):
                a0[t] = b0 + w0[0] * x[t] + w0[1] * y[t] + w0[2] * z[t] + w0[3] * u[t]
                a1[t] = b1 + w1[0] * x[t] + w1[1] * y[t] + w1[2] * z[t] + w1[3] * u[t]
                a2[t] = b2 + w2[0] * x[t] + w2[1] * y[t] + w2[2] * z[t] + w2[3] * u[t]
                a3[t] = b3 + w3[0] * x[t] + w3[1] * y[t] + w3[2] * z[t] + w3[3] * u[t]
        else:
            for t in range(n):
                a0[t] += w0[i] * x[t] + w0[i + 1] * y[t] + w0[i + 2] * z[t] + w0[i + 3] * u[t]
                a1[t] += w1[i] * x[t] + w1[i + 1] * y[t] + w1[i + 2] * z[t] + w1[i + 3] * u[t]
                a2[t] += w2[i] * x[t] + w2[i + 1] * y[t] + w2[i + 2] * z[t] + w2[i + 3] * u[t]
                a3[t] += w3[i] * x[t] + w3[i + 1] * y[t] + w3[i + 2] * z[t] + w3[i + 3] * u[t]


@_network
def _pack(position, n_units, n_inputs, w, bias):
    """Copy one layer to where `_tile` reads it; return the number of its units, padded."""
    n_padded = -(-n_units // TILE) * TILE
    w[:n_padded] = 0.0
    bias[:n_padded] = 0.0
    pad = w.shape[1] - n_inputs
    for k in range(n_units):
        _copy(position[k * n_inputs : (k + 1) * n_inputs], w[k, pad:])
        bias[k] = position[n_units * n_inputs + k]
    return n_padded


@_network
def _block(XT, low, n, position, n_hidden, n_padded, w, bias, a, out):
    """Pass one block of frames through a packed network: ``out`` (2, n)."""
    a0, a1, a2, a3 = a[0, :n], a[1, :n], a[2, :n], a[3, :n]
    o0, o1 = out[0, :n], out[1, :n]
    if n_hidden == 0:
        _tile(XT, low, w[:TILE], bias, o0, o1, a2, a3)
    else:
        second = position[n_hidden * (XT.shape[0] + 1) :]
        o0[:] = second[2 * n_hidden]
        o1[:] = second[2 * n_hidden + 1]
        for k in range(0, n_padded, TILE):
            _tile(XT, low, w[k : k + TILE], bias[k : k + TILE], a0, a1, a2, a3)
            for i in range(min(TILE, n_hidden - k)):
                ai = a[i, :n]
                _tanh(ai)
                u0, u1 = second[k + i], second[n_hidden + k + i]
                for t in range(n):
                    o0[t] += u0 * ai[t]
                    o1[t] += u1 * ai[t]
    _tanh(o0)
    _tanh(o1)


@compiled(fastmath={"contract", "reassoc"})
def _total(weights, errors):
    """Sum in double precision; the order of the sum is the compiler's."""
    total = 0.0
    for t in range(len(errors)):
        total += weights[t] * errors[t]
    return total


@_network
def _loss(XT, target, weights, position, n_hidden, w, bias, a, out):
    """Weighted mean squared error of one network, Eq. 7 of the CNBC paper."""
    n_inputs, n_frames = XT.shape
    n_padded = _pack(position, n_hidden if n_hidden else 2, n_inputs, w, bias)
    total = 0.0
    for low in range(0, n_frames, BLOCK):
        n = min(BLOCK, n_frames - low)
        _block(XT, low, n, position, n_hidden, n_padded, w, bias, a, out)
        error = a[0, :n]
        for t in range(n):
            e0, e1 = target[low + t] + out[0, t], target[low + t] - out[1, t]
            error[t] = e0 * e0 + e1 * e1
        total += _total(weights[low : low + n], error)
    return 0.25 * total


@compiled()
def _buffers(n_inputs, n_units):
    n_rows = -(-max(n_units, 2) // TILE) * TILE
    n_columns = -(-n_inputs // TILE) * TILE
    w = np.zeros((n_rows, n_columns), dtype=np.float32)
    bias = np.zeros(n_rows, dtype=np.float32)
    a = np.empty((TILE, BLOCK), dtype=np.float32)
    return w, bias, a, np.empty((2, BLOCK), dtype=np.float32)


@compiled()
def outputs(XT, position, n_hidden):
    """Return a network's outputs for ``XT`` (n_inputs, n_frames): shape (2, n_frames)."""
    n_inputs, n_frames = XT.shape
    w, bias, a, out = _buffers(n_inputs, n_hidden)
    n_padded = _pack(position, n_hidden if n_hidden else 2, n_inputs, w, bias)
    result = np.empty((2, n_frames), dtype=np.float32)
    for low in range(0, n_frames, BLOCK):
        n = min(BLOCK, n_frames - low)
        _block(XT, low, n, position, n_hidden, n_padded, w, bias, a, out)
        for k in range(2):
            _copy(out[k, :n], result[k, low : low + n])
    return result


@compiled()
def evolve(
    XT, target, weights, hidden, offsets, seed, first, first_dim, swarm_size, max_iter, tol,
    inertia, cognitive, social, x_max, v_max, vd_max, clip, max_crowd,
):  # fmt: skip
    """Evolve the weights and the number of hidden units of a network.

    ``XT`` (n_inputs, n_frames) float32, ``target`` (n_frames,) 1 or -1 float32, ``weights``
    (n_frames,) float64 that sum to 1. ``hidden`` (n_dims,) holds the numbers of hidden units,
    ``offsets`` (n_dims + 1,) where each network starts in a row of all, laid out layer by layer as
    weights (unit by unit), then biases. The first particle starts at ``first`` in dimension
    ``first_dim`` unless that is -1.

    Returns the best networks in a row, their losses, and the best loss after each iteration.
    """
    n_dims, n_components = len(hidden), offsets[-1]
    x = np.empty((swarm_size, n_components), dtype=np.float32)
    v, best = np.empty_like(x), np.empty_like(x)
    leader = np.zeros(n_components, dtype=np.float32)
    best_loss = np.full((swarm_size, n_dims), np.inf)
    leader_loss = np.full(n_dims, np.inf)
    current = np.empty(swarm_size, dtype=np.int64)
    drift = np.empty_like(current)
    start(seed, offsets, x, v, current, drift, x_max, v_max, vd_max)
    if first_dim >= 0:
        current[0] = first_dim
        _copy(first, x[0, offsets[first_dim] : offsets[first_dim + 1]])
    home = current.copy()
    w, bias, a, out = _buffers(XT.shape[0], hidden.max())
    losses, curve = np.empty(swarm_size), np.empty(max_iter)
    for t in range(max_iter):
        for i in range(swarm_size):
            d = current[i]
            position = x[i, offsets[d] : offsets[d + 1]]
            losses[i] = _loss(XT, target, weights, position, hidden[d], w, bias, a, out)
        record(losses, offsets, x, best, best_loss, current, home, leader, leader_loss)
        curve[t] = leader_loss.min()
        if curve[t] <= tol or t == max_iter - 1:
            curve = curve[: t + 1]
            break
        fade = inertia[0] - (inertia[0] - inertia[1]) * t / (max_iter - 1)
        move(
            seed, t + 1, fade, cognitive, social, offsets, x, v, best, current, home, drift, leader,
            leader_loss.argmin(), x_max, v_max, vd_max, clip, max_crowd,
        )  # fmt: skip
    return leader, leader_loss, curve
