"""The built-in taxonomies: each is what its theory or dataset says it is, and its words mean what they should."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from affectory.schemas.errors import UserError
from affectory.schemas.taxonomy import load_taxonomy, parse_taxonomy, taxonomy_names, word_key

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
NAMES = taxonomy_names()
FOR_LEXICA = ("ekman-7", "plutchik-8", "mikels-8", "goemotions-28", "emonet-40")


def shared(path: str) -> Path:
    if not (SHARED / path).is_file():
        pytest.skip(f"no {path}: the shared data lies outside the repository")
    return SHARED / path


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ekman-6", 6), ("ekman-7", 7), ("plutchik-8", 8), ("plutchik-8-2", 24), ("mikels-8", 8), ("goemotions-28", 28),
        ("emotic-26", 26), ("emonet-40", 40), ("parrott", 6), ("parrott-2", 25), ("parrott-3", 135), ("sentiment", 4),
        ("vad", 3),
    ],
)  # fmt: skip
def test_number_of_labels(name: str, count: int) -> None:
    assert len(load_taxonomy(name).labels) == count


def test_every_built_in_is_counted_above() -> None:
    assert len(NAMES) == 13
    assert all(load_taxonomy(name).name == name for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEvery:
    def test_resolves_each_of_its_words(self, name: str) -> None:
        taxonomy = load_taxonomy(name)
        for i, (label, entry) in enumerate(zip(taxonomy.labels, taxonomy.asked, strict=True)):
            words = [entry.name, *entry.synonyms, *(n for _, names in entry.languages for n in names)]
            assert {taxonomy.resolve(form) for w in words for form in (w, w.upper(), f" {w} ")} == {label}
            assert taxonomy.index(label) == i
            assert taxonomy.entry(label) is entry

    def test_says_no_word_twice(self, name: str) -> None:
        for entry in load_taxonomy(name).entries:
            keys = [word_key(w) for w in (entry.name, *entry.synonyms)]
            assert len(set(keys)) == len(keys), entry.name

    def test_survives_pickling_and_dumping(self, name: str) -> None:
        taxonomy = load_taxonomy(name)
        taxonomy.resolve("joy")
        for copy in (
            pickle.loads(pickle.dumps(taxonomy)),
            parse_taxonomy(taxonomy.model_dump()),
            parse_taxonomy(json.loads(taxonomy.model_dump_json())),
        ):
            assert copy == taxonomy
            assert hash(copy) == hash(taxonomy)
            assert copy.hash == taxonomy.hash
            assert copy.labels == taxonomy.labels


def test_caches_stay_behind() -> None:
    fresh = parse_taxonomy({"name": "mine", "entries": ["joy"]})
    before = len(pickle.dumps(fresh))
    fresh.resolve("joy")
    assert len(pickle.dumps(fresh)) == before


@pytest.mark.parametrize("name", FOR_LEXICA)
def test_has_english_words_for_each_label(name: str) -> None:
    taxonomy = load_taxonomy(name)
    words = taxonomy.words("en")
    least = 10 if name == "ekman-7" else 3
    for label in taxonomy.labels:
        assert sum(meant == label for meant in words.values()) > least, label


def test_words_of_one_language_only() -> None:
    ekman = load_taxonomy("ekman-7")
    assert ekman.words("en")["furious"] == "anger"
    assert "wut" not in ekman.words("en")
    assert ekman.words("de-AT")["wut"] == "anger"
    assert "furious" not in ekman.words("de")
    assert ekman.words().keys() >= ekman.words("en").keys() | ekman.words("fa").keys()


@pytest.mark.parametrize(
    ("name", "word", "label"),
    [
        ("ekman-7", "HAPPY", "joy"),
        ("ekman-7", "Traurigkeit", "sadness"),
        ("ekman-7", "de\u0301gou\u0302t", "disgust"),  # decomposed accents
        ("ekman-7", "شادی", "joy"),
        ("ekman-7", "분노", "anger"),
        ("ekman-7", "KIZGINLIK", "anger"),
        ("ekman-7", "İĞRENME", "disgust"),
        ("ekman-7", "分", None),
        ("ekman-7", "", None),
        ("ekman-7", "hap", None),
        ("plutchik-8", "serenity", "joy"),
        ("plutchik-8-2", "serenity", "serenity"),
        ("plutchik-8-2", "happy", "joy"),
        ("plutchik-8", "love", None),  # a dyad, neither of its components
        ("emonet-40", "gratitude", "Thankfulness/Gratitude"),
        ("emotic-26", "doubt", "Doubt/Confusion"),
        ("parrott", "loathing", "anger"),
        ("parrott-2", "loathing", "rage"),
        ("parrott-3", "loathing", "loathing"),
        ("parrott", "sexual desire", "love"),
        ("parrott-3", "sexual desire", "lust"),
        ("parrott-2", "joy", "cheerfulness"),  # the primary joy is too coarse, the tertiary one lies here
        ("parrott-2", "Freude", "cheerfulness"),
        ("vad", "pleasure", "valence"),
    ],
)
def test_resolve(name: str, word: str, label: str | None) -> None:
    assert load_taxonomy(name).resolve(word) == label


def test_translate() -> None:
    assert load_taxonomy("ekman-7").translate("joy", "fr-CA") == "joie"
    assert load_taxonomy("parrott-3").translate("joy", "de") == "Freude"
    assert load_taxonomy("emonet-40").translate("Awe", "de") == "Awe"
    with pytest.raises(UserError, match="no label"):
        load_taxonomy("ekman-7").translate("jo", "fr")


class TestPlutchik:
    wheel = load_taxonomy("plutchik-8")

    def test_links_every_pair_at_its_distance_on_the_wheel(self) -> None:
        distances = {1: "primary", 2: "secondary", 3: "tertiary", 4: "opposite"}
        given = {frozenset(link.components): link.distance for link in self.wheel.links}
        expected = {}
        for i, one in enumerate(self.wheel.labels):
            for j, other in enumerate(self.wheel.labels[:i]):
                expected[frozenset({one, other})] = distances[min(i - j, 8 - i + j)]
        assert given == expected

    def test_names_dyads_and_not_opposites(self) -> None:
        named = {link.name for link in self.wheel.links if link.distance != "opposite"}
        assert len(named) == 24
        assert all(link.name is None for link in self.wheel.links if link.distance == "opposite")
        love = next(link for link in self.wheel.links if link.name == "love")
        assert set(love.components) == {"joy", "trust"}

    def test_each_has_three_intensities(self) -> None:
        for label in self.wheel.labels:
            forms = [e for e in self.wheel.at(2).asked if e.parent == label]
            assert [e.intensity for e in forms] == ["mild", "basic", "intense"]
            assert forms[1].name == label


class TestParrott:
    def test_tiers_are_one_tree(self) -> None:
        top = load_taxonomy("parrott")
        assert load_taxonomy("parrott-3").at(2) == load_taxonomy("parrott-2") == top.at(2)
        assert top.at(3).at(1) == top
        assert len({top.at(t).hash for t in (1, 2, 3)}) == 3

    def test_words_on_several_tiers_stay_in_one_branch(self) -> None:
        third = load_taxonomy("parrott-3")
        for label in load_taxonomy("parrott").labels:
            assert third.resolve(label) == label
            assert third.at(1).resolve(label) == label

    def test_no_deeper_tier(self) -> None:
        with pytest.raises(UserError, match=r"parrott-4.*did you mean"):
            load_taxonomy("parrott-4")


def test_vad_is_a_space() -> None:
    vad = load_taxonomy("vad")
    assert vad.kind == "dimensional"
    assert vad.space == "continuous"
    assert vad.dimensions == vad.labels == ("valence", "arousal", "dominance")
    assert all(e.scale == (-1, 1) and e.poles for e in vad.asked)
    assert load_taxonomy("ekman-7").dimensions == ()


def test_neutral_is_at_the_origin_and_extremes_are_not() -> None:
    for entry in load_taxonomy("ekman-7").asked:
        assert entry.vad is not None
        at = (entry.vad.valence, entry.vad.arousal, entry.vad.dominance)
        assert (at == (0, 0, 0)) == (entry.name == "neutral")


@pytest.mark.parametrize("name", ["ekman-6", "ekman-7", "plutchik-8", "mikels-8"])
def test_placements_are_said_to_be_ours(name: str) -> None:
    taxonomy = load_taxonomy(name)
    assert all(e.vad for e in taxonomy.at(1).asked)
    assert "not a published norm" in taxonomy.notes


def test_goemotions_is_in_the_order_of_its_ids() -> None:
    labels = shared("goemotions/labels.txt").read_text().split()
    assert list(load_taxonomy("goemotions-28").labels) == labels


def test_emonet_has_the_published_names() -> None:
    published = json.loads(shared("laion_taxonomies/emonet_taxonomy.json").read_text())
    assert list(load_taxonomy("emonet-40").labels) == list(published["categories"])


def test_mikels_is_in_the_order_of_emoset() -> None:
    order = json.loads(shared("emoset/info.json").read_text())["emotion"]["label2idx"]
    assert list(load_taxonomy("mikels-8").labels) == sorted(order, key=order.__getitem__)


@pytest.mark.parametrize("name", ["ekman", "Ekman-7", "parrott-1", "parrott-٢", "../taxonomies/vad", "", "joy"])
def test_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(UserError) as raised:
        load_taxonomy(name)
    assert repr(name) in raised.value.message
    assert all(known in raised.value.hint for known in NAMES)


def test_did_you_mean() -> None:
    with pytest.raises(UserError, match="did you mean ekman-7"):
        load_taxonomy("ekmann-7")
    with pytest.raises(UserError, match="did you mean sadness"):
        load_taxonomy("ekman-7").index("sadnes")


def test_import_is_light() -> None:
    code = (
        "import sys; from affectory.schemas.taxonomy import load_map\n"
        "load_map('parrott-3', 'ekman-7').apply([0.0] * 135)\n"
        "print([m for m in ('numpy', 'pyarrow', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_worker_of_another_process_gets_the_same() -> None:
    taxonomy = load_taxonomy("parrott-2")
    code = (
        "import pickle, sys; t = pickle.load(sys.stdin.buffer)\n"
        "from affectory.schemas.taxonomy import load_taxonomy\n"
        "print(t == load_taxonomy('parrott-2'), t.hash, t.resolve('Zorn'))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(taxonomy), capture_output=True, check=True)
    assert done.stdout.decode().split() == ["True", taxonomy.hash, "rage"]


def test_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_taxonomy("vad").tier = 2  # type: ignore[misc]
    assert load_taxonomy("vad") in {load_taxonomy("vad")}
