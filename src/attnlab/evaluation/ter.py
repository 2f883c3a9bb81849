"""Translation edit rate as sacreBLEU computes it, without its minutes on long, poor translations.

sacreBLEU tries up to 1,000 shifts of words for a sentence and fills a Python table for each: about 0.7 s for a wrong
translation of 60 words (measured), so a weak model on long sources would be scored for longer than it was trained.
Here all shifts of one round share one array. The figures are sacreBLEU's own, edit for edit; a test holds them equal.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics import lib_ter
from sacrebleu.metrics.ter import TER

Words = list[str]
Shift = tuple[int, int, int]
"""First word, number of words, and where they are inserted."""

_INFINITE = np.int32(10**8)


class BatchedTER(TER):
    """sacreBLEU's TER for one reference a sentence."""

    def _compute_segment_statistics(self, hypothesis: str, ref_kwargs: dict[str, Any]) -> list[float]:
        (reference,) = ref_kwargs["ref_words"]
        return [float(num_edits(hypothesis.split(), reference)), float(len(reference))]


def num_edits(hypothesis: Words, reference: Words) -> int:
    """Shifts plus insertions, deletions and substitutions: the first value of sacreBLEU's `translation_edit_rate`."""
    if not reference:
        return len(hypothesis)
    trace_distance = lib_ter.BeamEditDistance(reference)
    words, num_shifts, num_tried = hypothesis, 0, 0
    while True:
        distance, trace = trace_distance(words)
        shifts, num_tried = _candidate_shifts(words, reference, trace, num_tried)
        # At the limit sacreBLEU throws the last round away, so its distances need not be known.
        if not shifts or num_tried >= lib_ter._MAX_SHIFT_CANDIDATES:
            break
        shifted = [lib_ter._perform_shift(words, *shift) for shift in shifts]
        gains = distance - _beam_distances(shifted, reference)
        # Tercom's order: the largest gain, then the longest match, then the earliest, then the earliest goal.
        gain, _, _, _, best = max(
            (int(gain), length, -start, -goal, index)
            for index, (gain, (start, length, goal)) in enumerate(zip(gains, shifts, strict=True))
        )
        if gain <= 0:
            break
        num_shifts += 1
        words = shifted[best]
    return num_shifts + int(distance)


def _candidate_shifts(words: Words, reference: Words, trace: str, num_tried: int) -> tuple[list[Shift], int]:
    """The shifts sacreBLEU's `_shift` would try in this round, and how many have been tried by then."""
    alignment, reference_errors, errors = lib_ter.trace_to_alignment(trace.translate(lib_ter._FLIP_OPS))
    shifts: list[Shift] = []
    for start, start_in_reference, length in lib_ter._find_shifted_pairs(words, reference):
        right_already = not any(errors[start : start + length])
        taken = not any(reference_errors[start_in_reference : start_in_reference + length])
        if right_already or taken or start <= alignment[start_in_reference] < start + length:
            continue
        previous = -1
        for position in range(start_in_reference - 1, start_in_reference + length):
            if position == -1:
                goal = 0
            elif position in alignment:
                goal = alignment[position] + 1
            else:
                break
            if goal != previous:
                previous = goal
                shifts.append((start, length, goal))
        if num_tried + len(shifts) >= lib_ter._MAX_SHIFT_CANDIDATES:
            break
    return shifts, num_tried + len(shifts)


def _beam_distances(candidates: list[Words], reference: Words) -> NDArray[np.int32]:
    """Edit distance of each candidate (all of one length) to the reference, near the diagonal as in sacreBLEU.

    A row of the table is d[j] = min(substitute, delete, d[j-1] + 1). The last term is a running minimum: with
    e[j] = min(substitute, delete), d[j] - j is the smallest e[k] - k of all k <= j.
    """
    ids = {word: index for index, word in enumerate(dict.fromkeys(reference))}
    target = np.array([ids[word] for word in reference])
    words = np.array([[ids.get(word, -1) for word in candidate] for candidate in candidates])
    num_words, size = words.shape[1], len(reference)
    ratio = size / num_words
    beam = lib_ter._BEAM_WIDTH
    width = math.ceil(ratio / 2 + beam) if beam < ratio / 2 else beam
    positions = np.arange(size + 1, dtype=np.int32)
    previous = np.broadcast_to(positions, (len(candidates), size + 1))
    for row in range(1, num_words + 1):
        diagonal = math.floor(row * ratio)
        lowest = max(0, diagonal - width)
        highest = size + 1 if row == num_words else min(size + 1, diagonal + width)
        entered = previous + 1
        substituted = previous[:, :-1] + (words[:, row - 1, None] != target)
        entered[:, 1:] = np.minimum(entered[:, 1:], substituted)
        current = np.full_like(previous, _INFINITE)
        band = slice(lowest, highest)
        current[:, band] = np.minimum.accumulate(entered[:, band] - positions[band], axis=1) + positions[band]
        previous = np.minimum(current, _INFINITE)
    return previous[:, -1]
