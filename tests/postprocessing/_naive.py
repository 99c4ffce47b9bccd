"""Window-by-window references, written to be read."""


def morphological_filter(psi, window, neighborhood):
    psi = [bool(frame) for frame in psi]
    starts = list(range(0, len(psi), window))
    blocks = [psi[start : start + window] for start in starts]
    kinds = []
    for block in blocks:
        if not any(block):
            kinds.append("N")
        elif block.count(True) > block.count(False):
            kinds.append("S")
        else:
            kinds.append("F")
    for j in range(neighborhood, len(blocks) - neighborhood):
        left = kinds[j - neighborhood : j]
        right = kinds[j + 1 : j + 1 + neighborhood]
        frames = range(starts[j], min(starts[j] + window, len(psi)))
        if "S" not in left and "S" not in right:
            for i in frames:
                psi[i] = False
        elif "S" in left and "S" in right:
            for i in frames:
                psi[i] = True
    return psi


def aggregate_and_filter(members, window, neighborhood):
    psi = [False] * len(members[0])
    for member in members:
        psi = [bool(a or b) for a, b in zip(psi, member, strict=True)]
        psi = morphological_filter(psi, window, neighborhood)
    return psi


def moving_average(values, n_windows, causal):
    averages = []
    for i in range(len(values)):
        last = i if causal else i + (n_windows - 1) // 2
        first = last - n_windows + 1
        near = [values[j] for j in range(first, last + 1) if 0 <= j < len(values)]
        averages.append(sum(near) / len(near))
    return averages


def hysteresis(values, high, low):
    on, state = [], False
    for value in values:
        if value >= high:
            state = True
        elif value < low:
            state = False
        on.append(state)
    return on


def events(labels):
    found = []
    for i, label in enumerate(labels):
        if label and (i == 0 or not labels[i - 1]):
            found.append([i, i + 1])
        elif label:
            found[-1][1] = i + 1
    return found


def merge_and_drop(on, gap, shortest):
    merged = []
    for start, end in events(on):
        if merged and start - merged[-1][1] <= gap:
            merged[-1][1] = end
        else:
            merged.append([start, end])
    labels = [False] * len(on)
    for start, end in merged:
        if end - start >= shortest:
            labels[start:end] = [True] * (end - start)
    return labels


class OnlineAlarm:
    """What a bedside monitor would run: one window in, one label out, a few numbers kept."""

    def __init__(self, gap, shortest):
        self.gap, self.shortest = gap, shortest
        self.lasted = self.silent = 0  # windows since the event began; since it was last on
        self.alarm = False

    def update(self, on):
        if on:
            self.lasted, self.silent = self.lasted + 1, 0
            self.alarm = self.alarm or self.lasted >= self.shortest
        elif self.lasted:
            self.lasted, self.silent = self.lasted + 1, self.silent + 1
            if self.silent > self.gap:
                self.lasted, self.silent, self.alarm = 0, 0, False
        return self.alarm
