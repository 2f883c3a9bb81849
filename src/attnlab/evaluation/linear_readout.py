"""How well a linear map reads from a memory state which word stands at some offset."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Tried in the read-out, in units of the mean variance of a feature."""

BACKOFFS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Tried in the guess from the own word, in states: how much all other states count beside those with the same word."""


class LinearClassifier(NamedTuple):
    """Chooses argmax over classes of W^T (m - mean) + bias."""

    mean: Float[Tensor, " memory"]
    weight: Float[Tensor, "memory classes"]
    bias: Float[Tensor, " classes"]

    def predict(self, features: Float[Tensor, "states memory"]) -> Int[Tensor, " states"]:
        """The class of each state."""
        return ((features - self.mean) @ self.weight + self.bias).argmax(dim=1)


class WordTable(NamedTuple):
    """Guesses a word from another that is given."""

    best: dict[int, int]
    fallback: int

    def predict(self, given: Int[Tensor, " states"]) -> Int[Tensor, " states"]:
        """The word for each given one; for one that is not in the table, the fallback."""
        return torch.tensor([self.best.get(one, self.fallback) for one in given.tolist()], dtype=torch.long)


def fit_classifier(
    features: Float[Tensor, "states memory"],
    labels: Int[Tensor, " states"],
    penalties: Sequence[float],
    *,
    num_classes: int,
) -> list[LinearClassifier]:
    r"""Linear discriminant analysis with a ridge, in closed form, one classifier for each penalty.

    Column c of W is (S + p t I)^{-1} u_c and the bias of c is log pi_c - u_c^T (S + p t I)^{-1} u_c / 2, with u_c the
    mean of class c after centring, pi_c its share, S the covariance within classes, and t the mean variance of a
    feature, so that a penalty p means the same whatever the scale of the states. A class without a state is never
    chosen. Hastie, Tibshirani & Friedman (2009), section 4.3. Plain ridge regression on classes written as 0 and 1 is
    no match for hundreds of words: the frequent ones mask the rare (section 4.2).
    """
    mean = features.mean(dim=0)
    centred = features - mean
    counts = torch.bincount(labels, minlength=num_classes).to(features)
    sums = torch.zeros(num_classes, features.shape[1], dtype=features.dtype).index_add_(0, labels, centred)
    means = sums / counts.clamp(min=1).unsqueeze(1)
    within = centred - means[labels]
    variances, axes = torch.linalg.eigh(within.T @ within / len(features))
    unit = centred.square().mean().clamp(min=torch.finfo(features.dtype).tiny)
    rotated, log_shares = means @ axes, (counts / len(features)).log()
    classifiers = []
    for penalty in penalties:
        solved = rotated / (variances.clamp(min=0) + penalty * unit)
        bias = log_shares - (solved * rotated).sum(dim=1) / 2
        classifiers.append(LinearClassifier(mean, axes @ solved.T, bias))
    return classifiers


def fit_table(
    given: Int[Tensor, " states"], words: Int[Tensor, " states"], backoffs: Sequence[float]
) -> list[WordTable]:
    """The most frequent word beside each given word, one table for each backoff.

    A backoff of b adds to the counts beside a given word those of b states chosen at random from all, so that a given
    word that was seen once does not decide.
    """
    every = Counter(words.tolist())
    fallback = every.most_common(1)[0][0]
    beside: dict[int, Counter[int]] = defaultdict(Counter)
    for one, word in zip(given.tolist(), words.tolist(), strict=True):
        beside[one][word] += 1
    tables = []
    for backoff in backoffs:
        prior = {word: backoff * count / len(words) for word, count in every.items()}
        best = {}
        for one, counts in beside.items():
            # a word never seen beside this one can only win as the most frequent of all
            contenders = {fallback: prior[fallback]} | {word: count + prior[word] for word, count in counts.items()}
            best[one] = max(contenders, key=contenders.__getitem__)
        tables.append(WordTable(best, fallback))
    return tables


def read_out(
    features: Float[Tensor, "states memory"],
    words: Int[Tensor, " states"],
    folds: Int[Tensor, " states"],
    *,
    num_classes: int,
) -> Bool[Tensor, " states"]:
    """Which states have their word guessed right by a linear map, fitted without their own fold.

    Args:
        features: memory states.
        words: the word to guess, for every state, numbered from 0.
        folds: which states are guessed together, numbered from 0; at least 3, all states of a sentence in one.
        num_classes: how many words there are.
    """
    return _guesses(partial(fit_classifier, num_classes=num_classes), features, words, folds, PENALTIES) == words


def guess_beside(
    given: Int[Tensor, " states"],
    words: Int[Tensor, " states"],
    folds: Int[Tensor, " states"],
    *,
    backoffs: Sequence[float] = BACKOFFS,
) -> Bool[Tensor, " states"]:
    """The same by the most frequent word beside a given one, without a look at the state.

    Given the state's own word that is all that a state could tell if it stood for this word and nothing more; given the
    same for all states it is the most frequent word.
    """
    return _guesses(fit_table, given, words, folds, backoffs) == words


def _guesses(
    fit: Callable[[Tensor, Tensor, Sequence[float]], Sequence[LinearClassifier | WordTable]],
    inputs: Tensor,
    words: Int[Tensor, " states"],
    folds: Int[Tensor, " states"],
    strengths: Sequence[float],
) -> Int[Tensor, " states"]:
    """What is guessed for each fold after a fit to all others.

    The strength is the one with most right guesses on the next fold, fitted without both.
    """
    num_folds = int(folds.max()) + 1
    guesses = torch.empty_like(words)
    for fold in range(num_folds):
        tested, chosen_on = folds == fold, folds == (fold + 1) % num_folds
        rest = ~(tested | chosen_on)
        tried = fit(inputs[rest], words[rest], strengths)
        right = [int((each.predict(inputs[chosen_on]) == words[chosen_on]).sum()) for each in tried]
        best = strengths[right.index(max(right))]
        (fitted,) = fit(inputs[~tested], words[~tested], [best])
        guesses[tested] = fitted.predict(inputs[tested])
    return guesses
