"""The formulas of the method once more, as plainly as they can be written."""

import math
from fractions import Fraction

import numpy as np


def histogram(errors, n_bins):
    """Equation 5 on fractions: share of errors a bin, times n; 1 is in the last."""
    counts = [0] * n_bins
    for error in errors:
        for i in range(n_bins):
            low, high = Fraction(i, n_bins), Fraction(i + 1, n_bins)
            if low <= error < high or (high == 1 and error == 1):
                counts[i] += 1
    return [n_bins * count / len(errors) for count in counts]


def weights(errors, action, sigma):
    """Equations 6 and 7."""
    density = [
        math.exp(-0.5 * ((e - action) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        for e in errors
    ]
    return [d / sum(density) for d in density]


def draw(errors, action, sigma, size, rng):
    """Draw one after the other, with probabilities in proportion to the weights that are left."""
    left, drawn = list(range(len(errors))), []
    for _ in range(size):
        p = np.array(weights([errors[i] for i in left], action, sigma))
        drawn.append(left.pop(rng.choice(len(left), p=p)))
    return sorted(drawn)


def relu(x):
    return np.maximum(x, 0)


def policy(networks, states, noise):
    """Action and logarithm of its density, from the weights by name."""
    w = {key: value.astype(float) for key, value in networks.items()}
    hidden = relu(states @ w["policy.hidden_weight"] + w["policy.hidden_bias"])
    mean = (hidden @ w["policy.mean_weight"] + w["policy.mean_bias"])[:, 0]
    log_std = (hidden @ w["policy.log_std_weight"] + w["policy.log_std_bias"])[:, 0]
    std = np.exp(np.clip(log_std, -20, 2))
    u = mean + std * noise
    normal = np.exp(-0.5 * ((u - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    log_pi = np.log(normal) - np.log(0.5 / np.cosh(u) ** 2)
    return (np.tanh(u) + 1) / 2, log_pi


def critic(networks, i, states, actions):
    """Value by critic 0 or 1, or by target 2 or 3."""
    w = {key: value.astype(float) for key, value in networks.items()}
    x = np.column_stack([states, actions])
    for layer in (1, 2):
        x = relu(x @ w[f"critics.weight_{layer}"][i] + w[f"critics.bias_{layer}"][i])
    return (x @ w["critics.weight_3"][i] + w["critics.bias_3"][i])[:, 0]


def critic_loss(networks, batch, noise, gamma, alpha):
    """Mean squared error of both critics against the soft target."""
    next_actions, log_pi = policy(networks, batch.next_states, noise)
    values = [critic(networks, i, batch.next_states, next_actions) for i in (2, 3)]
    target = batch.rewards + gamma * (1 - batch.done) * (np.minimum(*values) - alpha * log_pi)
    return sum(
        np.mean((critic(networks, i, batch.states, batch.actions) - target) ** 2) for i in (0, 1)
    )


def policy_loss(networks, states, noise, alpha):
    """Entropy term minus the lesser critic's value."""
    actions, log_pi = policy(networks, states, noise)
    values = [critic(networks, i, states, actions) for i in (0, 1)]
    return np.mean(alpha * log_pi - np.minimum(*values))
