"""Taxonomies of the user: what is accepted, what is refused, and that a refusal says where."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import Taxonomy, load_taxonomy, parse_taxonomy, read_taxonomy, roll_up, word_key

PLACE = {"valence": 0.1, "arousal": 0, "dominance": -1}


def mine(*entries: Any, **rest: Any) -> dict[str, Any]:
    return {"name": "mine", "entries": list(entries), **rest}


def axis(name: str = "x", **rest: Any) -> dict[str, Any]:
    return {"name": name, "scale": [-1, 1], **rest}


def chain(length: int) -> Any:
    entry: dict[str, Any] = {"name": str(length)}
    for i in reversed(range(1, length)):
        entry = {"name": str(i), "children": [entry]}
    return entry


def test_fifty_tiers_are_fine() -> None:
    assert parse_taxonomy(mine(chain(50))).depth == 50


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (mine("joy", "Joy"), "entry 'joy': named 2 times"),
        (mine("Straße", "STRASSE"), "named 2 times"),
        (mine("café", "cafe\u0301"), "named 2 times"),
        (mine("joy", {"name": "fun", "synonyms": ["JOY"]}), "entry 'fun': 'JOY' means 'joy' already"),
        (mine({"name": "a", "synonyms": ["x"]}, {"name": "b", "synonyms": ["x"]}), "entry 'b': 'x' means 'a' already"),
        (mine("a", {"name": "b", "languages": {"de": ["A"]}}), "entry 'b': 'A' means 'a' already"),
        (
            mine({"name": "a", "children": ["x"]}, {"name": "b", "children": ["x"]}),
            "entry 'x': named 2 times on tier 2",
        ),
        (mine({"name": "a", "children": ["b"]}, "b"), "'b' means"),
        (mine("anger", {"name": "rage", "parent": "angr"}), "entry 'rage': unknown parent 'angr', did you mean anger"),
        (mine({"name": "a", "parent": "a"}), "entry 'a': its parents run in a circle, a > a"),
        (mine({"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}), "run in a circle, a > b > a"),
        (mine("r", {"name": "c", "parent": "a"}, {"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}), "circle"),
        (mine("a", {"name": "b", "tier": 2}), "entry 'b': an orphan"),
        (mine("a", {"name": "b", "parent": "a", "tier": 3}), "entry 'b': unknown parent 'a'"),
        (mine({"name": "a", "children": ["a"]}, {"name": "b", "parent": "a"}), "say this one's tier"),
        (mine({"name": "a", "children": [{"name": "b", "parent": "a"}]}), "entry 'b': it is nested"),
        (mine("a", {"name": "b", "parent": "a", "children": ["c"]}), "entry 'b': say its tier in numbers"),
        (mine({"name": "a", "tier": "top", "children": ["c"]}), "entry 'a': say its tier in numbers"),
        (mine({"name": "a", "vad": {**PLACE, "valence": 1.01}}), "entry 'a': vad.valence"),
        (mine({"name": "a", "vad": {**PLACE, "arousal": float("nan")}}), "entry 'a': vad.arousal"),
        (mine({"name": "a", "vad": {**PLACE, "arousal": True}}), "entry 'a': vad.arousal"),
        (mine({"name": "a", "vad": {"valence": 0.1}}), "entry 'a': vad.arousal: Field required"),
        (mine({"name": "a", "intensity": "mild"}), "entry 'a': an intensity is that of a parent"),
        (mine({"name": "a", "intensity": "wild"}), "entry 'a': intensity"),
        (mine({"name": "a", "synonyms": "abc"}), "entry 'a': synonyms: Input should be a valid list"),
        (mine({"name": "a", "synonyms": [""]}), "entry 'a': synonyms: '' is empty"),
        (mine({"name": "a", "colour": "red"}), "entry 'a': colour: Extra inputs"),
        (mine({"name": "a", "languages": {False: "nei"}}), "entry 'a': languages"),
        (mine({"name": "a", "languages": {"german": "A"}}), "entry 'a': languages"),
        (mine({"name": "a", "languages": {"de": []}}), "entry 'a': languages"),
        (mine({"name": " a"}), "has spaces around it"),
        (mine("a\nb"), "control character"),
        (mine(True), "entry 1"),
        (mine({"synonyms": ["x"]}), "entry 1: name: Field required"),
        (mine(), "entries: there are none"),
        (mine(chain(51)), "deeper than 50 tiers"),
        (mine("0", *({"name": str(i), "parent": str(i - 1)} for i in range(1, 5000))), "deeper than 50 tiers"),
        (mine("a", tier=2), "tier 2 is asked, but the tree has 1"),
        (mine("a", space="simple"), "space: Input should be"),
        (mine("a", spce="simplex"), "spce: Extra inputs"),
        (mine("a", name="a b"), "name: String should match"),
        (mine("a", "b", links=[{"kind": "k", "components": ["a", "c"]}]), "link 'k': no entry 'c'"),
        (mine("a", "b", links=[{"kind": "k", "components": ["a"]}]), "link 1: components"),
        (mine("a", "b", links=[{"kind": "k", "components": ["a", "a"]}]), "linked to itself"),
        (mine("a", "b", links=[{"kind": "k", "name": "A", "components": ["a", "b"]}]), "link 'A': the word means 'a'"),
        (
            mine("a", "b", links=[{"kind": "k", "components": ["a", "b"]}, {"kind": "k", "components": ["b", "a"]}]),
            "link 'k' of a, b: given 2 times",
        ),
        (mine(axis()), "entry 'x': only a dimension"),
        (mine(axis(scale=[1, 1]), kind="dimensional"), "does not rise"),
        (mine(axis(scale=[0, float("inf")]), kind="dimensional"), "entry 'x': scale"),
        (mine(axis(), kind="dimensional", space="simplex"), "not answered as simplex"),
        (mine(axis(), axis("y", parent="x"), kind="dimensional"), "neither parents nor links"),
        ({"name": "mine"}, "entries: Field required"),
        (mine("a", labels=["a"]), "labels: given beside entries"),
        (mine("a", name="ekman-7"), "'ekman-7' is a built-in taxonomy with other labels"),
        (mine("pride", extends="ekman"), "there is no taxonomy 'ekman'"),
        (mine("pride", extends=["ekman-7"]), "extends: given"),
        (mine("joy", extends="ekman-7"), "entry 'joy': named 2 times"),
        (["joy"], "given list, expected a mapping"),
    ],
)
def test_refused(data: Any, said: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_taxonomy(data, "recipe.yaml")
    assert said in str(raised.value)


def test_every_problem_is_named_at_once_with_the_place() -> None:
    with pytest.raises(UserError) as raised:
        parse_taxonomy(mine({"name": "a", "vad": {**PLACE, "valence": 2}}, {"nmae": "b"}, spce=1), "recipe.yaml")
    assert raised.value.message.startswith("recipe.yaml: ")
    assert all(part in str(raised.value) for part in ("entry 'a': vad.valence", "entry 2: nmae", "spce"))


def test_labels_are_entries() -> None:
    entries = ["calm", {"name": "tense", "children": ["taut"]}]
    assert parse_taxonomy({"name": "mine", "labels": entries}) == parse_taxonomy(mine(*entries))


def test_extends_puts_its_own_after_the_inherited() -> None:
    ekman8 = parse_taxonomy(mine({"name": "contempt", "synonyms": ["scorn"]}, extends="ekman-7"))
    assert ekman8.labels == (*load_taxonomy("ekman-7").labels, "contempt")
    assert ekman8.resolve("Wut") == "anger"
    assert ekman8.resolve("scorn") == "contempt"
    assert ekman8.hash != load_taxonomy("ekman-7").hash


def test_extends_can_hang_a_branch_under_an_inherited_entry() -> None:
    deep = parse_taxonomy(
        mine({"name": "rage", "parent": "anger"}, {"name": "pique", "parent": "anger"}, extends="ekman-7")
    )
    assert deep.labels == load_taxonomy("ekman-7").labels
    assert deep.at(2).labels[:3] == ("rage", "pique", "disgust")
    assert deep.at(2).name == "mine-2"


def test_a_built_ins_name_is_free_for_the_same_labels() -> None:
    given = load_taxonomy("sentiment").model_dump()
    given["entries"][0]["languages"] = {"la": ["bonum"]}
    again = parse_taxonomy(given)
    assert again.resolve("Bonum") == "positive"
    assert again.hash == load_taxonomy("sentiment").hash
    assert again != load_taxonomy("sentiment")


def test_another_language() -> None:
    korean = parse_taxonomy(mine({"name": "기쁨", "synonyms": ["즐거움"]}, "슬픔", language="ko"))
    assert korean.words("ko") == {"기쁨": "기쁨", "즐거움": "기쁨", "슬픔": "슬픔"}
    assert korean.words("en") == {}


def test_a_branch_that_ends_early_is_still_asked() -> None:
    tree = parse_taxonomy(mine({"name": "anger", "children": ["rage", "pique"]}, "neutral", tier=2))
    assert tree.name == "mine-2"
    assert tree.labels == ("rage", "pique", "neutral")
    assert tree.resolve("anger") is None
    assert roll_up(tree, 1).apply([0.25, 0.25, 0.5]) == [0.5, 0.5]


def test_the_finer_meaning_of_a_word_wins() -> None:
    given = {"name": "joy", "synonyms": ["thrilled"], "children": ["joy", {"name": "glee", "synonyms": ["thrilled"]}]}
    tree = parse_taxonomy(mine(given))
    assert (tree.resolve("thrilled"), tree.at(2).resolve("thrilled")) == ("joy", "glee")


def test_so_does_the_finer_of_two_that_are_both_too_coarse() -> None:
    branches = [{"name": "calm", "children": ["joy"]}, {"name": "zest", "synonyms": ["thrilled"], "children": ["zest"]}]
    tree = parse_taxonomy(mine({"name": "joy", "synonyms": ["thrilled", "glad"], "children": branches}))
    assert tree.at(3).labels == ("joy", "zest")
    assert (tree.at(3).resolve("thrilled"), tree.at(3).resolve("glad")) == ("zest", "joy")


def test_hash_is_of_names_order_and_parents() -> None:
    base = mine({"name": "a", "children": ["x", "y"]}, "b")
    same = mine(
        {"name": "a", "synonyms": ["s"], "vad": PLACE}, "b", {"name": "x", "parent": "a"}, {"name": "y", "parent": "a"}
    )
    others = [
        mine("b", {"name": "a", "children": ["x", "y"]}),
        mine({"name": "a", "children": ["y", "x"]}, "b"),
        mine({"name": "a", "children": ["x"]}, {"name": "b", "children": ["y"]}),
        mine({"name": "a", "children": ["x", "z"]}, "b"),
        mine({"name": "a", "children": ["x", "y"]}, "b", tier=2),
    ]
    hashes = [parse_taxonomy(data).hash for data in (base, *others)]
    assert parse_taxonomy({**same, "name": "other", "version": 2}).hash == hashes[0]
    assert len(set(hashes)) == len(hashes)


def test_a_dimensions_scale_counts() -> None:
    one, other = (parse_taxonomy(mine(axis(scale=[low, 5]), kind="dimensional")) for low in (1, 0))
    assert one.hash != other.hash
    assert one.space == "continuous"


LAUGHS = "c0: &c0 [{name: a}]\n" + "".join(
    f"c{i}: &c{i} [{{name: a{i}, children: *c{i - 1}}}, {{name: b{i}, children: *c{i - 1}}}]\n" for i in range(1, 24)
)
"""A file of 2 kB that means 16 million entries."""


class TestFile:
    def test_read(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.yaml"
        path.write_text("name: mine\nentries:\n  - {name: شادی, synonyms: [خوشحالی]}\n  - غم\n", encoding="utf-8")
        assert read_taxonomy(path).labels == ("شادی", "غم")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("name: mine\nname: yours\nentries: [a]\n", ":2:1: name: duplicate key"),
            ("name: mine\nentries: [a\n", ":2:10: unreadable YAML"),
            ("- a\n", "given list, expected a mapping"),
            ("", "given NoneType, expected a mapping"),
            ("name: mine\nentries: [a, no]\n", "entry 2"),
            ("name: mine\nentries: [a, a]\n", "entry 'a': named 2 times"),
            ("? [a, b]\n: c\n", "a key that is not text"),
            ("name: !!python/object:os.system x\n", "a YAML tag that is not allowed"),
            ("name: a\nentries: &e\n  - {name: x, children: *e}\n", "an anchor that contains itself"),
            (f"name: a\nentries: {'[' * 9000}{']' * 9000}\n", "nested too deeply"),
            (LAUGHS, "too many values"),
        ],
    )
    def test_errors_name_the_file(self, tmp_path: Path, text: str, said: str) -> None:
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        with pytest.raises(UserError) as raised:
            read_taxonomy(path)
        assert path.name in raised.value.message
        assert said in str(raised.value)

    def test_unreadable(self, tmp_path: Path) -> None:
        (tmp_path / "latin.yaml").write_bytes("name: m\xfc".encode("latin-1"))
        for name in ("absent.yaml", "latin.yaml"):
            with pytest.raises(UserError, match=f"{name}: cannot be read"):
                read_taxonomy(tmp_path / name)
        (tmp_path / "huge.yaml").write_bytes(b"# \n" * 400_000)
        with pytest.raises(UserError, match=r"huge.yaml: over \d+ bytes"):
            read_taxonomy(tmp_path / "huge.yaml")


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "M", "P", "S")), min_size=1, max_size=6).filter(
    lambda w: bool(word_key(w))
)


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Flat entries of a forest, parents before children, all names apart."""
    found = draw(st.lists(names, min_size=1, max_size=12, unique_by=word_key))
    above = [draw(st.one_of(st.none(), st.integers(0, i - 1))) if i else None for i in range(len(found))]
    return [{"name": n} if a is None else {"name": n, "parent": found[a]} for n, a in zip(found, above, strict=True)]


def nested(flat: list[dict[str, Any]], parent: str | None = None) -> list[Any]:
    inside = [e["name"] for e in flat if e.get("parent") == parent]
    return [{"name": name, "children": nested(flat, name)} for name in inside]


@settings(deadline=None)
@given(trees(), st.randoms(use_true_random=False))
def test_flat_shuffled_and_nested_are_the_same_tree(flat: list[dict[str, Any]], random: Any) -> None:
    one = parse_taxonomy(mine(*nested(flat)))
    assert parse_taxonomy(mine(*flat)) == one
    moved = random.sample(flat, len(flat))
    assert {e.name: (e.parent, e.tier) for e in parse_taxonomy(mine(*moved)).entries} == {
        e.name: (e.parent, e.tier) for e in one.entries
    }


@settings(deadline=None)
@given(trees())
def test_every_tier_covers_the_whole_tree(flat: list[dict[str, Any]]) -> None:
    deepest = parse_taxonomy(mine(*flat))
    deepest = deepest.at(deepest.depth)
    leaves = {e["name"] for e in flat} - {e.get("parent") for e in flat}
    assert set(deepest.labels) == leaves
    for tier in range(1, deepest.depth + 1):
        asked = deepest.at(tier)
        assert {asked.resolve(leaf) for leaf in leaves} == set(asked.labels)
        assert [asked.resolve(label) for label in asked.labels] == list(asked.labels)
        up = roll_up(deepest, tier)
        assert up.total
        assert sum(up.apply([1.0] * len(leaves))) == len(leaves)


@settings(deadline=None)
@given(trees())
def test_round_trips(flat: list[dict[str, Any]]) -> None:
    taxonomy = parse_taxonomy(mine(*flat))
    assert parse_taxonomy(taxonomy.model_dump()) == taxonomy == pickle.loads(pickle.dumps(taxonomy))
    assert taxonomy.at(taxonomy.depth).at(1) == taxonomy
    assert len({taxonomy, parse_taxonomy(mine(*flat))}) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdefg")), max_size=8))
def test_any_parents_make_a_tree_or_an_error(pairs: list[tuple[str, str | None]]) -> None:
    try:
        taxonomy = parse_taxonomy(mine(*({"name": n, "parent": p} for n, p in pairs)))
    except UserError:
        return
    on = {(e.name, e.tier) for e in taxonomy.entries}
    assert len(on) == len(pairs)
    for entry in taxonomy.entries:
        assert entry.tier == 1 if entry.parent is None else (entry.parent, entry.tier - 1) in on


KEYS = [
    "name",
    "entries",
    "children",
    "parent",
    "tier",
    "vad",
    "languages",
    "synonyms",
    "links",
    "kind",
    "extends",
    "x",
]
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["a", "b", "mine", "ekman-7", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), anything), st.lists(anything, max_size=3))
def test_nonsense_is_a_user_error(data: dict[str, Any], entries: list[Any]) -> None:
    for given_data in (data, {"name": "mine", **data}, {**data, "name": "mine", "entries": entries}):
        try:
            assert isinstance(parse_taxonomy(given_data), Taxonomy)
        except UserError as error:
            assert error.message.startswith(("inline taxonomy: ", "there is no taxonomy"))


@settings(deadline=None)
@given(st.text())
def test_word_key_is_stable(word: str) -> None:
    assert word_key(word_key(word)) == word_key(word)
    assert word_key(word) == word_key(f"  {word}\n")
