"""Gold alignments are read as they are written, or refused with their line."""

from pathlib import Path

import pytest

from attnlab.data.pharaoh import GoldAlignment, read_gold, read_gold_file, write_links
from attnlab.errors import DataError


def gold(text: str) -> GoldAlignment:
    return read_gold(text, source_size=20, target_size=20, place="line 3 of gold.txt")


def test_sure_and_possible_links() -> None:
    read = gold("0-0 2-1  10-12 3p4 5?6")
    assert read.sure == {(0, 0), (2, 1), (10, 12)}
    assert read.possible == read.sure | {(3, 4), (5, 6)}


def test_without_possible_links_all_are_sure() -> None:
    assert gold("0-0 2-1") == GoldAlignment(frozenset({(0, 0), (2, 1)}), frozenset({(0, 0), (2, 1)}))


def test_a_link_that_is_written_both_ways_is_sure() -> None:
    assert gold("1p2 1-2") == gold("1-2")


def test_an_empty_line_links_nothing() -> None:
    assert gold("  ") == GoldAlignment(frozenset(), frozenset())


def test_what_is_written_is_read() -> None:
    links = {(10, 2), (0, 3), (0, 0)}
    assert write_links(links) == "0-0 0-3 10-2"
    assert gold(write_links(links)).sure == links
    assert write_links([]) == ""


@pytest.mark.parametrize("link", ["1", "a-b", "1--2", "0:1", "-1-2", "1-", "1P2", "١-٢"])
def test_a_spoilt_link_is_refused(link: str) -> None:
    with pytest.raises(DataError, match=r"such as 0-0 1-2 \(possible ones 1p2 or 1\?2\), but line 3 of gold.txt holds"):
        gold(f"0-0 {link}")


@pytest.mark.parametrize("link", ["4-0", "0-3", "4p3"])
def test_a_link_to_no_word_is_refused(link: str) -> None:
    """As a file that counts from 1 has, or one whose pairs are in another order."""
    with pytest.raises(DataError, match=rf"line 1 holds {link} for 4 source and 3 target words: count from 0"):
        read_gold(f"3-2 {link}", source_size=4, target_size=3, place="line 1")


def test_a_file_has_a_line_for_each_pair(tmp_path: Path) -> None:
    path = tmp_path / "gold.txt"
    path.write_text("0-0\n\n1-0 0p1\n")
    read = read_gold_file(path, [(1, 1), (5, 5), (2, 2)], counted="test: kept 3 of 3")
    assert [one.sure for one in read] == [{(0, 0)}, set(), {(1, 0)}]
    assert [one.known for one in read] == [True, False, True]
    path.write_text("0-0\n\n1-0 0p1\n", encoding="utf-8-sig")  # the byte-order mark of Windows
    assert read_gold_file(path, [(1, 1), (5, 5), (2, 2)], counted="") == read
    assert read_gold_file(path, [(9, 9)] * 3, counted="")[2].possible == {(1, 0), (0, 1)}


def test_the_file_of_other_pairs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gold.txt"
    path.write_text("0-0\n0-0")
    with pytest.raises(
        DataError, match=r"gold.txt has 2 lines for 1 pairs \(test: kept 1 of 2\): align the same pairs"
    ):
        read_gold_file(path, [(1, 1)], counted="test: kept 1 of 2")
    with pytest.raises(DataError, match=r"but line 2 of \S+gold.txt holds 0-0 for 1 source and 0 target words"):
        read_gold_file(path, [(1, 1), (1, 0)], counted="")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere.txt cannot be read \(No such file or directory\): name another"):
        read_gold_file(tmp_path / "nowhere.txt", [], counted="")
    (tmp_path / "latin.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"latin.txt cannot be read \(it is no UTF-8 text\): name another"):
        read_gold_file(tmp_path / "latin.txt", [(1, 1)], counted="")
