"""How far do judges agree, beyond what chance would have them agree?"""

from collections.abc import Sequence


def cohen_kappa(one: Sequence[bool], other: Sequence[bool]) -> float | None:
    """Cohen's kappa (1960) of two judges' verdicts on the same items; None where chance explains all."""
    if not one:
        return None
    share, other_share = sum(one) / len(one), sum(other) / len(other)
    by_chance = share * other_share + (1 - share) * (1 - other_share)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
    return _beyond(agreed, by_chance)


def fleiss_kappa(items: Sequence[Sequence[bool]]) -> float | None:
    """Fleiss' kappa (1971) of as many verdicts on each item; None where chance alone explains all."""
    if not items or len(items[0]) < 2:
        return None
    judges = len(items[0])
    yes = [sum(verdicts) for verdicts in items]
    pairs = judges * (judges - 1)
    agreed = sum(n * (n - 1) + (judges - n) * (judges - n - 1) for n in yes) / (pairs * len(items))
    share = sum(yes) / (judges * len(items))
    return _beyond(agreed, share**2 + (1 - share) ** 2)


def _beyond(agreed: float, by_chance: float) -> float | None:
    return None if by_chance >= 1 else (agreed - by_chance) / (1 - by_chance)
