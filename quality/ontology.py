"""An emotion ontology that grows: words that a tree of emotions does not know are proposed to people, and what they
confirm makes the next version of it. Every entry has one parent, none is an orphan, and what is undecided is listed.

Between entries of different branches there are links of three kinds, those of TONE (Gupta et al. 2024).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectory.schemas.taxonomy import Entry, Link, Taxonomy, parse_taxonomy, read_taxonomy, word_key
from affectory.transforms.views._word_forms import positives
from affectory.transforms.views._word_vectors import similarities
from affectory.transforms.views._words import lexicon, spelled

OPPOSITE, COMPOSED, LEADS_TO = "opposite_of", "composed_of", "leads_to"
"""Hope is the opposite of despair; the first of a `composed_of` is made of the others; the first of a `leads_to` brings
the second about."""
PROPOSALS = pa.schema(
    [
        ("word", pa.string()),
        ("count", pa.int64()),
        ("entry", pa.string()),
        ("tier", pa.int64()),
        ("how", pa.string()),
        ("similarity", pa.float64()),
    ]
)
CONFIRMATIONS = pa.schema(
    [
        ("word", pa.string()),
        ("entry", pa.string()),
        ("tier", pa.int64()),
        ("place", pa.string()),
        ("yes", pa.bool_()),
        ("rater", pa.string()),
    ]
)
"""One answer of one person: does the word belong to the entry? `tier` says which of several entries of that name is
meant, `place` whether the word is a `synonym` (unless said otherwise) or a `child`, an entry of its own below it."""
LINK_CONFIRMATIONS = pa.schema(
    [("kind", pa.string()), ("entries", pa.list_(pa.string())), ("yes", pa.bool_()), ("rater", pa.string())]
)
_LEADS = re.compile(r"\b(?:leads? to|results? in|causes?|brings? about|turns? into)\b(.*)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")

Place = tuple[str, int | None, str]
"""An entry, its tier where that was said, and whether the word is a synonym or a child."""


@dataclass(frozen=True)
class Ontology:
    """The next version of a tree, and what became of every word and link that was proposed."""

    taxonomy: Taxonomy
    added: tuple[str, ...]
    """Each word or link that was taken in, and where."""
    undecided: tuple[str, ...]
    """Each that was not, and why."""

    def write(self, path: Path) -> None:
        """The file that `taxonomy:` in a recipe reads."""
        import yaml

        given = self.taxonomy.model_dump(mode="json", exclude_defaults=True)
        path.write_text(yaml.safe_dump(given, allow_unicode=True, sort_keys=False, width=110), encoding="utf-8")
        read_taxonomy(path)


def candidates(opinions: pa.Table) -> dict[str, int]:
    """The open words of opinions, as they are looked up, with how often each was said."""
    words = pc.list_flatten(pc.struct_field(opinions.column("answer").combine_chunks(), "words"))
    counted = Counter(word for said in words.to_pylist() if said and (word := spelled(said)))
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def proposals(words: Mapping[str, int], seed: Taxonomy, nearest: int = 3) -> pa.Table:
    """To which entries each unknown word may belong, for people to confirm: those that it is a form of a word of, then
    the nearest in meaning. Words that the tree knows on any tier are left out."""
    rows = []
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        if not _known(word, seed):
            rows += [{"word": spelled(word), "count": count, **found} for found in _places(word, seed, nearest)]
    return pa.Table.from_pylist(rows, PROPOSALS)


def grown(
    seed: Taxonomy,
    confirmations: pa.Table | Sequence[Mapping[str, Any]],
    links: pa.Table | Sequence[Mapping[str, Any]] = (),
    words: Iterable[str] = (),
    name: str | None = None,
    least: int = 1,
    tiers: int = 3,
) -> Ontology:
    """The tree with what people confirmed: a word goes where most say yes, and at least `least` and more than say no.

    `words` are further ones that nobody may have been asked about. `name` is to be given where a built-in tree gets
    new entries: labels are published under its name. No entry lies deeper than `tiers`.
    """
    seed, told = seed.at(1), _decided(_rows(confirmations), words, least)
    entries, added, undecided = list(seed.entries), [], []
    for word, (place, why) in told.items():
        refused = why or _refused(word, place, seed, entries, tiers)
        if refused or place is None:
            undecided.append(f"{word}: {refused}")
            continue
        _take_in(word, place, entries, tiers)
        added.append(f"{word}: {place[2]} of {place[0]}")
    linked, ties, open_ties = _linked(_rows(links), seed, entries, least)
    given = seed.model_dump(exclude={"name", "entries", "links", "version"})
    given |= {"name": name or seed.name, "version": seed.version + 1, "entries": entries, "links": linked}
    return Ontology(parse_taxonomy(given), (*added, *ties), (*undecided, *open_ties))


def proposed_links(seed: Taxonomy, definitions: Mapping[str, str] | None = None) -> pa.Table:
    """Links that people may confirm, between entries of different branches: opposites by their form (satisfaction and
    dissatisfaction), and by what `definitions` of entries say what leads to what and what is made of what."""
    found: dict[tuple[str, tuple[str, ...]], None] = {}
    for entry in seed.entries:
        for base in (b for word in (entry.name, *entry.synonyms) for b in positives(word_key(word))):
            for other in _entries_of(base, seed):
                found.setdefault((OPPOSITE, tuple(sorted((entry.name, other.name)))))
    for name, text in sorted((definitions or {}).items()):
        after = _LEADS.search(text)
        said = _named(after.group(1) if after else text, seed, name)
        if after:
            found.update(((LEADS_TO, (name, other)), None) for other in said)
        elif len(said) > 1:
            found.setdefault((COMPOSED, (name, *said)))
    apart = [(kind, names) for kind, names in found if _branches(names, seed.entries) > 1]
    return pa.table({"kind": [kind for kind, _ in apart], "entries": [list(names) for _, names in apart]}, _LINKS)


_LINKS = pa.schema([("kind", pa.string()), ("entries", pa.list_(pa.string()))])


def _places(word: str, seed: Taxonomy, nearest: int) -> Iterator[dict[str, Any]]:
    """The entries that a word may belong to: the deepest of those that it is a form of, else the most similar."""
    for tier in range(seed.depth, 0, -1):
        tree = seed.at(tier)
        if label := lexicon(tree).meaning(word).label:
            yield {"entry": label, "tier": tree.entry(label).tier, "how": "form"}
            return
    alike = [(max(similarities(spelled(word), _spoken(e))), e) for e in seed.entries]
    for similarity, entry in sorted(alike, key=lambda pair: (-pair[0], -pair[1].tier, pair[1].name))[:nearest]:
        yield {"entry": entry.name, "tier": entry.tier, "how": "meaning", "similarity": float(similarity)}


def _spoken(entry: Entry) -> tuple[str, ...]:
    return tuple(word_key(word) for word in (entry.name, *entry.synonyms))


def _known(word: str, seed: Taxonomy) -> bool:
    return any(seed.at(tier).resolve(spelled(word)) for tier in range(1, seed.depth + 1))


def _entries_of(word: str, seed: Taxonomy) -> list[Entry]:
    return [entry for entry in seed.entries if word in _spoken(entry)]


def _named(text: str, seed: Taxonomy, but: str) -> list[str]:
    """The entries that a text names, in its order, each once."""
    deepest = lexicon(seed.at(seed.depth))
    found = (deepest.meaning(word).label for word in _WORDS.findall(text))
    return [name for name in dict.fromkeys(found) if name and name != but]


def _branches(names: Iterable[str], entries: Sequence[Entry]) -> int:
    """In how many branches of the tree these entries lie."""
    roots: dict[str, str] = {}
    for entry in entries:  # a parent comes before its children
        roots.setdefault(entry.name, roots.get(entry.parent, entry.parent) if entry.parent else entry.name)
    return len({roots.get(name, name) for name in names})


def _rows(given: pa.Table | Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return given.to_pylist() if isinstance(given, pa.Table) else list(given)


def _decided(
    rows: Iterable[Mapping[str, Any]], words: Iterable[str], least: int
) -> dict[str, tuple[Place | None, str]]:
    """For each word its place, or why it has none."""
    votes: dict[str, dict[Place, Counter[bool]]] = {spelled(word): {} for word in words}
    for word, place, yes, _ in sorted({_vote(row) for row in rows}, key=repr):  # what one said twice counts once
        votes.setdefault(word, {}).setdefault(place, Counter())[yes] += 1
    return {word: _settled(votes[word], least) for word in sorted(votes) if word}


def _vote(row: Mapping[str, Any]) -> tuple[str, Place, bool, str]:
    place = (row["entry"], row.get("tier"), row.get("place") or "synonym")
    return spelled(row["word"]), place, bool(row["yes"]), str(row.get("rater"))


def _settled(votes: Mapping[Place, Counter[bool]], least: int) -> tuple[Place | None, str]:
    if not votes:
        return None, "nobody was asked"
    leads = {place: count[True] - count[False] for place, count in votes.items() if count[True] >= least}
    most = max(leads.values(), default=0)
    best = [place for place, lead in leads.items() if lead == most]
    if most <= 0:
        return None, "no entry was confirmed"
    if len(best) > 1:
        return None, "as many say " + " as ".join(sorted(f"{place[2]} of {place[0]}" for place in best))
    return best[0], ""


def _refused(word: str, place: Place | None, seed: Taxonomy, entries: Sequence[Entry], tiers: int) -> str:
    """Why a word cannot go where people put it."""
    if place is None or _known(word, seed):
        return "the tree knows it already"
    name, tier, kind = place
    if not any(entry.name == name and tier in (None, entry.tier) for entry in entries):
        return f"there is no entry {name!r}" + (f" on tier {tier}" if tier else "")
    if any(link.name and word_key(link.name) == word for link in seed.links):
        return "a link has that name"
    if kind not in ("synonym", "child"):
        return f"{kind!r} is neither synonym nor child"
    return "" if _targets(place, entries, tiers) else f"{name!r} is on tier {tiers}, below which there is none"


def _targets(place: Place, entries: Sequence[Entry], tiers: int) -> list[int]:
    """The entries that may be meant, the deepest last: below one on the last tier there is no child."""
    name, tier, kind = place
    found = [i for i, e in enumerate(entries) if e.name == name and tier in (None, e.tier)]
    return sorted((i for i in found if kind == "synonym" or entries[i].tier < tiers), key=lambda i: entries[i].tier)


def _take_in(word: str, place: Place, entries: list[Entry], tiers: int) -> None:
    at = _targets(place, entries, tiers)[-1]
    entry = entries[at]
    if place[2] == "synonym":
        entries[at] = entry.model_copy(update={"synonyms": (*entry.synonyms, word)})
    else:
        entries.append(Entry(name=word, parent=entry.name, tier=entry.tier + 1))


def _linked(
    rows: Iterable[Mapping[str, Any]], seed: Taxonomy, entries: Sequence[Entry], least: int
) -> tuple[list[Link], list[str], list[str]]:
    """The links of the seed with those that people confirmed, and what became of each."""
    votes: dict[tuple[str, tuple[str, ...]], Counter[bool]] = {}
    for kind, names, yes, _ in sorted({_tie(row) for row in rows}):
        votes.setdefault((kind, names), Counter())[yes] += 1
    links, added, undecided = list(seed.links), [], []
    for (kind, names), count in votes.items():
        told = f"{kind}: {', '.join(names)}"
        if why := _unlinked(kind, names, count, links, entries, least):
            undecided.append(f"{told}: {why}")
            continue
        links.append(Link(kind=kind, components=names))
        added.append(told)
    return links, added, undecided


def _tie(row: Mapping[str, Any]) -> tuple[str, tuple[str, ...], bool, str]:
    names = row["entries"]
    either = row["kind"] == OPPOSITE
    return row["kind"], tuple(sorted(names) if either else names), bool(row["yes"]), str(row.get("rater"))


def _unlinked(
    kind: str, names: Sequence[str], count: Counter[bool], links: Sequence[Link], entries: Sequence[Entry], least: int
) -> str:
    """Why a link is not taken in."""
    known = {entry.name for entry in entries}
    if kind not in (OPPOSITE, COMPOSED, LEADS_TO):
        return f"the kinds are {OPPOSITE}, {COMPOSED} and {LEADS_TO}"
    if odd := sorted(set(names) - known):
        return f"there is no entry {', '.join(map(repr, odd))}"
    if len(set(names)) < max(len(names), 3 if kind == COMPOSED else 2):
        return "it takes different entries, and of what is composed its parts"
    if _branches(names, entries) < 2:
        return "all of it is in one branch, where the tree says how it hangs together"
    if any(link.kind == kind and set(link.components) == set(names) for link in links):
        return "there is such a link already"
    return "" if count[True] >= least and count[True] > count[False] else "it was not confirmed"
