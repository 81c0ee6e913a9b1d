"""What readings say for and against names, and what all readings of a track decide."""

from __future__ import annotations

import json
import random
import string
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.brands.evidence import Evidence, Name, evidence
from stages.brands.names import aliases_of
from stages.brands.votes import Opinion, at
from stages.datatypes import Reading

QUAD = np.zeros((4, 2), np.float32)
THRESHOLD = 84.0

Said = str | tuple[str, float]


def names(*brands: str) -> list[Name]:
    return [Name.of(alias) for alias in aliases_of(brands)]


def reading(said: Said, place: int = 0) -> Reading:
    """A text that was read for sure, or with a sureness."""
    text, score = said if isinstance(said, tuple) else (said, 0.98)
    return Reading(0, float(place), text, score, "", QUAD)


def opinion(brands: list[str], *said: Said) -> Opinion:
    """On a track of which these were read, one a second."""
    return Opinion.of([reading(one, place) for place, one in enumerate(said)], names(*brands), THRESHOLD)


def shown(brands: list[str], *said: Said, t: float = 0) -> dict[str, tuple[float, float]]:
    """The brands that such a track shows at a time, and which part of it shows each."""
    found = opinion(brands, *said)
    return {claim.alias.brand: part for claim, part in at(t, found.shown(found.accepted(THRESHOLD)))}


def brand(brands: list[str], *said: Said) -> str | None:
    """The brand for which the readings suffice; of several in the same place the one that is shown."""
    found = opinion(brands, *said)
    accepted = found.accepted(THRESHOLD)
    told = {claim.alias.brand for _, claims in found.shown(accepted) for claim, _ in claims}
    assert len(told) < 2
    assert bool(told) == bool(accepted)
    return told.pop() if told else None


def of(name: str, text: str, score: float = 0.98, told: str = "") -> Evidence | None:
    """What one reading says of one name."""
    [looked_for] = names(name)
    return evidence(text, score, told, [looked_for], THRESHOLD).get(looked_for.alias)


class TestOneReading:
    def test_the_very_name_votes_for_it_as_surely_as_it_was_read(self) -> None:
        said = of("NORDVIK", "Nordvik!", 0.9)
        assert said is not None
        assert (said.similarity, said.vote) == (100, pytest.approx(1.8))
        assert said.covered == frozenset(range(7))

    def test_letters_that_look_alike_in_small_print_are_one(self) -> None:
        said = of("VOLTRA 51", "V0LTRA SI")
        assert said is not None
        assert said.similarity == 99
        assert said.vote > 1.9

    def test_a_piece_covers_its_letters_and_says_nothing_against(self) -> None:
        said = of("NORDVIK", "DVIK")
        assert said is not None
        assert said.covered == {3, 4, 5, 6}
        assert said.vote >= 0

    def test_a_sure_look_alike_speaks_against_and_an_unsure_one_does_not(self) -> None:
        sure, unsure = of("NORDVIK", "NORDVEK", 0.99), of("NORDVIK", "NORDVEK", 0.8)
        assert sure is not None
        assert unsure is not None
        assert sure.vote < 0 < unsure.vote

    def test_what_the_recogniser_was_in_doubt_of_is_taken_for_misread(self) -> None:
        doubt = json.dumps([*([c, -0.01] for c in "NORDV"), ["E", log(0.7), "I", log(0.3)], ["K", -0.01]])
        none = json.dumps([[c, -0.01] for c in "NORDVEK"])
        misread, look_alike = of("NORDVIK", "NORDVEK", 0.97, doubt), of("NORDVIK", "NORDVEK", 0.97, none)
        assert misread is not None
        assert look_alike is not None
        assert misread.vote > 1
        assert misread.similarity >= 90
        assert look_alike.vote < 0

    @pytest.mark.parametrize(("text", "score"), [("", 0.9), ("N", 0.9), ("!!", 0.9), ("NORDVIK", 0.49), ("WEATHER", 1)])
    def test_nothing_is_said_by_what_is_short_unsure_or_other(self, text: str, score: float) -> None:
        assert of("NORDVIK", text, score) is None

    @given(st.text(max_size=12), st.floats(0, 1))
    def test_votes_and_similarities_have_their_bounds(self, text: str, score: float) -> None:
        said = of("NORDVIK", text, score)
        if said is not None:
            assert 0 <= said.similarity <= 100
            assert -1.2 <= said.vote <= 2
            assert said.covered <= set(range(7))


class TestAllReadings:
    def test_pieces_that_were_seen_at_different_times_make_the_name(self) -> None:
        assert brand(["NORDVIK"], "NORD") is None
        assert brand(["NORDVIK"], "NORD", "DVIK") == "NORDVIK"
        assert brand(["Altamira Bank"], "ALTAMI", "RABANK") == "Altamira Bank"

    def test_pieces_that_leave_much_uncovered_do_not(self) -> None:
        assert brand(["Altamira Bank"], "ALTAM", "BANK") is None
        assert brand(["Altamira Bank"], "ALTAMI", "ALTAMI", "TAMIRA") is None

    def test_pieces_of_a_short_name_do_not(self) -> None:
        assert brand(["LUMOR"], "LUM", "MOR") is None

    def test_a_look_alike_that_was_read_often_and_surely_outvotes_one_slip(self) -> None:
        assert brand(["NORDVIK"], ("NORDVEK", 0.99)) is None
        assert brand(["NORDVIK"], *[("NORDVEK", 0.99)] * 6, ("NORDVIK", 0.7)) is None

    def test_a_slip_does_not_outvote_the_name(self) -> None:
        assert brand(["NORDVIK"], ("NORDVEK", 0.96), "NORDVIK") == "NORDVIK"

    @pytest.mark.parametrize(("score", "accepted"), [(0.55, False), (0.7, False), (0.85, True)])
    def test_a_single_reading_with_a_fault_must_not_be_weak(self, score: float, accepted: bool) -> None:
        assert bool(brand(["NORDVIK"], ("NORDVEK", score))) is accepted

    def test_two_weak_ones_suffice(self) -> None:
        assert brand(["NORDVIK"], ("NORDVEK", 0.55), ("NORDVEK", 0.55)) == "NORDVIK"

    def test_another_spelling_gives_the_brand_its_name(self) -> None:
        assert brand(["Altamira Bank|Altamira|ATB Group"], "altamira") == "Altamira Bank"
        assert brand(["Altamira Bank|Altamira|ATB Group"], "ATB GROUP") == "Altamira Bank"

    def test_of_two_names_the_one_that_says_more_of_the_text_is_taken(self) -> None:
        assert brand(["Kestrel", "Kestrel Air"], "KESTREL AIR") == "Kestrel Air"

    def test_a_name_that_begins_like_another_is_only_itself(self) -> None:
        assert brand(["Kestrel", "Kestrel Air"], "KESTREL") == "Kestrel"

    @pytest.mark.parametrize("text", ["BMV", "BNW", "BM", "BMWX", "MBMW"])
    def test_a_name_of_three_letters_is_nothing_but_itself(self, text: str) -> None:
        assert brand(["BMW"], text, text) is None

    @pytest.mark.parametrize(("name", "read"), [("МТС", "MTC"), ("ΝΟΡΤΗ", "NOPTH"), ("НОРА", "HOPA")])
    def test_cyrillic_and_greek_capitals_that_look_latin_are_read_as_such(self, name: str, read: str) -> None:
        assert brand([name], read, read) == name

    @pytest.mark.parametrize("text", ["BMWX", "MBMW"])
    def test_nor_in_an_unsure_reading(self, text: str) -> None:
        assert brand(["BMW"], (text, 0.85)) is None

    def test_a_piece_of_three_letters_is_no_match_of_a_name_of_four(self) -> None:
        assert brand(["SONY"], ("SON", 0.99)) is None
        assert brand(["SONY"], ("ONY", 0.99), ("SON", 0.99)) is None

    def test_and_is_found_as_itself(self) -> None:
        assert brand(["BMW"], "bmw") == "BMW"

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("索尼", "索尼电视"),
            ("ソニー", "ソニー株式会社"),
            ("삼성", "삼성전자"),
            ("Новатэк", "НОВАТЭК"),
            ("اتصالات", "اتصالات"),
        ],
    )
    def test_names_in_other_scripts(self, name: str, text: str) -> None:
        assert brand([name], text) == name

    @pytest.mark.parametrize(
        ("name", "text"), [("索尼", "索爱"), ("ソニー", "トニー"), ("Sony", "сони"), ("Новатэк", "НОВОСТИ")]
    )
    def test_and_what_is_none_of_them(self, name: str, text: str) -> None:
        assert brand([name], text) is None

    def test_a_name_among_other_words_is_found_and_within_a_word_is_not(self) -> None:
        assert brand(["NORDVIK"], "visit nordvik.example today") == "NORDVIK"
        assert brand(["NORDVIK"], "SUPERNORDVIKING") is None

    def test_nothing_read_decides_nothing(self) -> None:
        assert opinion(["NORDVIK"]).nearest() is None
        assert opinion(["NORDVIK"], "", "NO").nearest() is None
        assert shown(["NORDVIK"]) == shown(["NORDVIK"], "", "WEATHER") == {}

    def test_what_is_near_is_told_with_the_reading_that_is_nearest(self) -> None:
        found = opinion(["NORDVIK"], "NORDIC", "NORD")
        nearest = found.nearest()
        assert found.accepted(THRESHOLD) == []
        assert nearest is not None
        assert (nearest.alias.brand, round(nearest.similarity, 1), nearest.best.text) == ("NORDVIK", 76.9, "NORDIC")

    @given(st.permutations([("NORDVEK", 0.99), ("NORDVIK", 0.97), ("NORD", 0.9), ("VOLTRA", 0.6), ("DVIK", 0.8)]))
    def test_the_order_of_readings_does_not_matter(self, said: list[Said]) -> None:
        found, first = opinion(["NORDVIK", "VOLTRA"], *said), opinion(["NORDVIK", "VOLTRA"], *sorted(said))
        claims = [
            {claim.alias: (claim.similarity, claim.best.text) for claim in map(one.claim, one.accepted(THRESHOLD))}
            for one in (found, first)
        ]
        assert claims[0] == claims[1]

    def test_two_thousand_names_are_looked_for_in_two_hundred_readings(self) -> None:
        draw = random.Random(5)
        brands = sorted({"".join(draw.choices(string.ascii_lowercase, k=draw.randint(6, 12))) for _ in range(2000)})
        looked_for = names(*brands)
        for place in range(200):
            wanted = brands[place * 7]
            found = Opinion.of([reading(f"the {wanted.upper()} cup")], looked_for, THRESHOLD)
            assert [alias.brand for alias in found.accepted(THRESHOLD)] == [wanted]


class TestWhenAndWhere:
    def test_a_track_that_turns_into_something_else_shows_each_while_it_is_read(self) -> None:
        both, said = ["NORDVIK", "VOLTRA"], ("NORDVIK", "NORDVIK", "VOLTRA", "VOLTRA")
        assert [list(shown(both, *said, t=t)) for t in (0, 1.2, 1.8, 9)] == [
            ["NORDVIK"], ["NORDVIK"], ["VOLTRA"], ["VOLTRA"],
        ]  # fmt: skip

    def test_between_readings_of_a_name_only_what_is_surely_something_else_counts(self) -> None:
        def between(said: Said) -> list[str]:
            return list(shown(["NORDVIK"], "NORDVIK", said, "NORDVIK", t=1))

        assert between(("WEATHER", 0.99)) == []
        assert between(("WEATHER", 0.6)) == between(("WX", 0.99)) == ["NORDVIK"]

    def test_at_its_ends_less_will_do_but_for_a_piece_of_the_name(self) -> None:
        def after(said: Said) -> list[str]:
            return list(shown(["NORDVIK"], "NORDVIK", said, t=1))

        assert after(("WEATHER", 0.6)) == after(("WX", 0.99)) == []
        assert after(("VI", 0.9)) == after(("", 0.0)) == ["NORDVIK"]

    def test_two_boards_read_as_one_line_are_both_shown_each_in_its_part(self) -> None:
        found = shown(["NORDVIK", "VOLTRA"], "NORDVIKVOLTRA", t=0)
        assert found == {"NORDVIK": (0, pytest.approx(7 / 13)), "VOLTRA": (pytest.approx(7 / 13), 1)}

    def test_a_name_among_other_words_is_only_its_part(self) -> None:
        assert shown(["NORDVIK"], "THE NORDVIK CUP", t=0) == {
            "NORDVIK": (pytest.approx(3 / 13), pytest.approx(10 / 13))
        }
