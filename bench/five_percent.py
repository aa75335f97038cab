"""The rule of every comparison of two measurements: more than 5 % up is a failure. What is measured
is a dictionary of costs, {name: number}, less is better."""

import math

LIMIT = 1.05


class Comparison:
    """after as a ratio to before, for what both hold."""

    def __init__(self, before, after):
        self.ratios = {name: after[name] / before[name] for name in before if name in after}
        self.missing = [name for name in before if name not in after]
        self.new = [name for name in after if name not in before]
        self.above = [name for name, ratio in self.ratios.items() if ratio > LIMIT]
        self.below = [name for name, ratio in self.ratios.items() if ratio < 1 / LIMIT]

    def geometric_mean(self):
        return math.exp(sum(map(math.log, self.ratios.values())) / len(self.ratios))


def change(ratio):
    """A ratio as people say it: 6.1 % up."""
    return f"{abs(ratio - 1) * 100:.1f} % {'up' if ratio >= 1 else 'down'}"
