"""An ontology that grows by what people confirm."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.opining import opinion, table

from affectory.quality.ontology import candidates, grown, proposals, proposed_links
from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy, read_taxonomy

SEED = parse_taxonomy(
    {
        "name": "seed",
        "entries": [
            {"name": "joy", "children": [{"name": "contentment", "synonyms": ["satisfaction"], "children": ["bliss"]}]},
            {
                "name": "sadness",
                "children": [{"name": "disappointment", "synonyms": ["dissatisfaction"]}, "sadness"],
            },
            {"name": "love", "children": ["longing"]},
        ],
        "links": [{"kind": "dyad", "name": "bittersweetness", "components": ["joy", "sadness"]}],
    }
)


def yes(word: str, entry: str, rater: str = "r1", **given: Any) -> dict[str, Any]:
    return {"word": word, "entry": entry, "yes": True, "rater": rater, **given}


def no(word: str, entry: str, rater: str = "r1", **given: Any) -> dict[str, Any]:
    return {**yes(word, entry, rater, **given), "yes": False}


def tie(kind: str, *entries: str, yes: bool = True, rater: str = "r1") -> dict[str, Any]:
    return {"kind": kind, "entries": list(entries), "yes": yes, "rater": rater}


def test_candidates_are_the_words_that_raters_used() -> None:
    said = [["Elated", "glad "], ["elated"], None, []]
    rows = [opinion(n, answer={"words": words}) for n, words in enumerate(said)]
    assert candidates(table(*rows)) == {"elated": 2, "glad": 1}
    assert candidates(table()) == {}


def test_a_word_is_proposed_where_it_is_a_form_and_else_where_it_is_near() -> None:
    found = proposals({"content": 3, "heartbroken": 5, "joy": 9}, SEED, nearest=2).to_pylist()
    assert [(row["word"], row["count"], row["how"]) for row in found] == [
        ("heartbroken", 5, "meaning"),
        ("heartbroken", 5, "meaning"),
        ("content", 3, "form"),
    ]
    assert (found[0]["entry"], found[2]["entry"], found[2]["tier"]) == ("sadness", "contentment", 2)
    assert found[0]["similarity"] >= found[1]["similarity"]


def test_confirmed_words_make_the_next_version() -> None:
    asked = [yes("Elated", "joy"), yes("yearning", "longing", place="child"), yes("elation", "joy", "r2")]
    found = grown(SEED, asked, name="mine")
    tree = found.taxonomy
    assert (tree.name, tree.version) == ("mine", 2)
    assert (tree.resolve("elated"), tree.resolve("elation"), tree.resolve("yearning")) == ("joy", "joy", "love")
    assert [(e.parent, e.tier) for e in tree.entries if e.name == "yearning"] == [("longing", 3)]
    assert found.added == ("elated: synonym of joy", "elation: synonym of joy", "yearning: child of longing")
    assert found.undecided == ()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ([yes("elated", "joy"), yes("elated", "love", "r2")], "elated: as many say synonym of joy as synonym of love"),
        ([yes("elated", "joy"), no("elated", "joy", "r2")], "elated: no entry was confirmed"),
        ([yes("elated", "joy"), no("elated", "joy")], "elated: no entry was confirmed"),
        ([yes("elated", "joyy")], "elated: there is no entry 'joyy'"),
        ([yes("elated", "joy", tier=3)], "elated: there is no entry 'joy' on tier 3"),
        ([yes("elated", "bliss", place="child")], "elated: 'bliss' is on tier 3, below which there is none"),
        ([yes("elated", "joy", place="parent")], "elated: 'parent' is neither synonym nor child"),
        ([yes("satisfaction", "love")], "satisfaction: the tree knows it already"),
        ([yes("bittersweetness", "love")], "bittersweetness: a link has that name"),
    ],
)
def test_what_people_do_not_agree_on_is_listed_and_not_taken_in(asked: list[dict[str, Any]], why: str) -> None:
    found = grown(SEED, asked)
    assert (found.undecided, found.added) == ((why,), ())
    assert found.taxonomy.entries == SEED.entries


def test_words_that_nobody_was_asked_about_are_listed() -> None:
    assert grown(SEED, [], words=["wistful"]).undecided == ("wistful: nobody was asked",)


def test_what_one_person_says_twice_counts_once_and_more_may_be_asked_for() -> None:
    twice = [yes("elated", "joy"), yes("elated", "joy"), yes("elated", "love", "r2"), yes("elated", "love", "r3")]
    assert grown(SEED, twice).added == ("elated: synonym of love",)
    assert grown(SEED, twice, least=3).added == ()


def test_the_order_of_answers_does_not_matter() -> None:
    asked = [yes("elated", "joy"), yes("glum", "sadness", "r2"), no("glum", "love"), yes("wistful", "longing", "r3")]
    mixed = random.Random(3).sample(asked, len(asked))
    assert grown(SEED, asked) == grown(SEED, mixed)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (tie("opposite_of", "sadness", "joy"), None),
        (tie("composed_of", "longing", "joy", "sadness"), None),
        (tie("leads_to", "disappointment", "longing"), None),
        (tie("near", "joy", "love"), "near: joy, love: the kinds are opposite_of, composed_of and leads_to"),
        (tie("leads_to", "joy", "hope"), "leads_to: joy, hope: there is no entry 'hope'"),
        (
            tie("leads_to", "joy", "bliss"),
            "leads_to: joy, bliss: all of it is in one branch, where the tree says how it hangs together",
        ),
        (
            tie("composed_of", "longing", "joy"),
            "composed_of: longing, joy: it takes different entries, and of what is composed its parts",
        ),
        (tie("leads_to", "joy", "love", yes=False), "leads_to: joy, love: it was not confirmed"),
    ],
)
def test_links_between_branches_are_typed_and_confirmed(given: dict[str, Any], told: str | None) -> None:
    found = grown(SEED, [], [given])
    assert found.undecided == ((told,) if told else ())
    assert len(found.taxonomy.links) == (1 if told else 2)


def test_a_link_that_is_there_is_not_added_again() -> None:
    both = grown(SEED, [], [tie("opposite_of", "sadness", "joy"), tie("opposite_of", "joy", "sadness", rater="r2")])
    assert both.added == ("opposite_of: joy, sadness",)
    again = grown(both.taxonomy, [], [tie("opposite_of", "joy", "sadness")])
    assert again.undecided == ("opposite_of: joy, sadness: there is such a link already",)


def test_links_are_proposed_from_forms_and_definitions() -> None:
    definitions = {
        "longing": "A love of what is gone, with sadness",
        "disappointment": "Low spirits, which often leads to sadness or longing",
        "bliss": "Great joy",
    }
    found = proposed_links(SEED, definitions).to_pylist()
    assert [(row["kind"], row["entries"]) for row in found] == [
        ("opposite_of", ["contentment", "disappointment"]),
        ("leads_to", ["disappointment", "longing"]),
    ]
    assert proposed_links(SEED).num_rows == 1


@pytest.mark.parametrize("name", ["parrott", "plutchik-8", "ekman-7"])
def test_a_tree_is_written_as_a_file_that_reads_back(name: str, tmp_path: Path) -> None:
    tree = load_taxonomy(name)
    first = tree.entries[0].name
    found = grown(tree, [yes("zzyzx", first), yes("no", first, "r2")])
    found.write(tmp_path / "tree.yaml")
    back = read_taxonomy(tmp_path / "tree.yaml")
    assert back == found.taxonomy
    assert back.version == tree.version + 1
    assert (back.resolve("zzyzx"), back.resolve("no")) == (first, first)


def test_new_entries_need_a_name_of_their_own() -> None:
    parrott = load_taxonomy("parrott-2")
    asked = [yes("yearning", "longing", place="child")]
    with pytest.raises(UserError, match="built-in taxonomy"):
        grown(parrott, asked)
    assert grown(parrott, asked, name="parrott-and-more").taxonomy.resolve("yearning") == "love"


@st.composite
def answers(draw: st.DrawFn) -> list[dict[str, Any]]:
    words = st.sampled_from(["elated", "glum", "wistful", "satisfaction", "Bliss", "odd one", "!", ""])
    names = st.sampled_from(["joy", "sadness", "contentment", "longing", "bliss", "nowhere"])
    one = st.fixed_dictionaries(
        {
            "word": words,
            "entry": names,
            "yes": st.booleans(),
            "rater": st.sampled_from(["r1", "r2", "r3"]),
            "tier": st.sampled_from([None, 1, 2]),
            "place": st.sampled_from([None, "synonym", "child"]),
        }
    )
    return draw(st.lists(one, max_size=12))


@given(answers())
@settings(max_examples=60)
def test_whatever_people_answer_there_is_one_tree_without_orphans(asked: list[dict[str, Any]]) -> None:
    found = grown(SEED, asked, name="grown")
    _holds_together(found.taxonomy)
    words = {text.partition(":")[0] for text in (*found.added, *found.undecided)}
    assert len(words) == len(found.added) + len(found.undecided)
    for text in found.added:
        assert found.taxonomy.resolve(text.partition(":")[0])


def _holds_together(tree: Taxonomy) -> None:
    names = {(entry.name, entry.tier) for entry in tree.entries}
    assert len(names) == len(tree.entries)
    for entry in tree.entries:
        assert (entry.parent is None) == (entry.tier == 1)
        assert entry.parent is None or (entry.parent, entry.tier - 1) in names
    assert tree.depth <= 3
