"""Three sets of votes as crowd-kit 1.4.2 sees them: how sure, how consistent, and how often its models agree."""

from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from support.crowd_views import fitted_labels, mace_of_crowd_kit, opinions_of
from support.crowds import SETS, Crowd, crowd
from support.opining import Row
from support.published import Numbers, means_of_whole_numbers

from affectory.quality.agreement import Ratings, alpha, coded
from affectory.quality.distances import cross_entropy
from affectory.transforms.views import _rater_models as models
from affectory.transforms.views.glad import Glad
from affectory.transforms.views.plurality import Plurality

Shared = Callable[[str], Path]
Choices = Mapping[str, str]
AS_CROWD_KIT = {"as_crowd_kit": True, "rounds": 100, "tolerance": 1e-5}
FITS = {"DawidSkene": models.fit_dawid_skene, "OneCoinDawidSkene": models.fit_one_coin}


@pytest.fixture(scope="module", params=SETS)
def known(request: pytest.FixtureRequest, shared: Shared) -> Crowd:
    return crowd(request.param, shared)


@pytest.fixture(scope="module")
def majority(known: Crowd) -> tuple[Choices, Numbers]:
    """The label that most name, the first where they tie, and the shares."""
    opinions, asked = opinions_of(known)
    labels = Plurality().view(opinions, asked)
    chosen = zip(labels.column("sample_id").to_pylist(), labels.column("chosen").to_pylist(), strict=True)
    return {item: names[0] for item, names in chosen}, means_of_whole_numbers(labels)


@pytest.fixture(scope="module")
def skills(known: Crowd, majority: tuple[Choices, Numbers]) -> Mapping[str, float]:
    """How often each rater says what the majority does."""
    right = {
        rater: [said == majority[0][item] for item, who, said in known.rows if who == rater] for rater in known.names[1]
    }
    return {rater: float(np.mean(hits)) for rater, hits in right.items()}


def test_how_many_voted_and_agree(known: Crowd, majority: tuple[Choices, Numbers]) -> None:
    wanted = known.expected
    rows = [dict(zip(("item", "rater", "said"), row, strict=True)) for row in known.rows]
    [question] = Ratings.read(rows, item="item", rater="rater", value="said", level="nominal").questions
    made = coded(question)
    assert (len(made.items), len(made.raters), made.size) == (wanted["tasks"], wanted["workers"], wanted["rows"])
    assert alpha(made, "nominal") == pytest.approx(wanted["alpha_krippendorff_crowdkit"], abs=1e-9)
    shares = majority[1]
    assert cross_entropy(shares, shares).mean() == pytest.approx(wanted["uncertainty"], abs=1e-9)


def test_majorities(known: Crowd, majority: tuple[Choices, Numbers], skills: Mapping[str, float]) -> None:
    (chosen, shares), wanted, labels = majority, known.expected["MajorityVote"], known.names[2]
    said = list(chosen.values())
    assert {label: said.count(label) for label in labels if label in said} == wanted["label_counts"]
    assert shares.max(axis=1).mean() == pytest.approx(wanted["mean_max_proba"], abs=1e-9)
    for item, of in wanted["probas_first5"].items():
        ours = dict(zip(labels, shares[list(chosen).index(item)], strict=True))
        assert ours == pytest.approx({**dict.fromkeys(labels, 0.0), **of}, abs=1e-6), "printed to six places"
    assert skills == pytest.approx(wanted["skills_head"], abs=1e-9)
    if known.truth:
        assert _alike(chosen, known.truth) == pytest.approx(wanted["accuracy_vs_reference"], abs=1e-9)


def test_consistency_is_how_probable_majorities_are(
    known: Crowd, majority: tuple[Choices, Numbers], skills: Mapping[str, float]
) -> None:
    """Given that each rater is right as often as they say what the majority does."""
    items, raters, labels = known.names
    given = np.array([skills[rater] for rater in raters])[:, None]
    posterior = models.one_coin_posterior(models.Votes(*known.votes), np.full(len(labels), 1 / len(labels)), given)
    place = [labels.index(majority[0][item]) for item in items]
    assert posterior[np.arange(len(items)), place].mean() == pytest.approx(known.expected["consistency"], abs=1e-9)


def test_models_choose_alike_as_often_as_those_of_crowd_kit(known: Crowd, majority: tuple[Choices, Numbers]) -> None:
    """With the mistake that crowd-kit makes in MACE, see the test of our view."""
    items, _, labels = known.names
    chosen = {"MajorityVote": majority[0], "GLAD": _chosen(fitted_labels(Glad(), *opinions_of(known)), labels)}
    found = {model: fit(*known.votes, **AS_CROWD_KIT).posterior for model, fit in FITS.items()}
    found["MACE"] = mace_of_crowd_kit(known)
    for model, posterior in found.items():
        best = posterior.argmax(axis=1)
        chosen[model] = {item: labels[place] for item, place in zip(items, best, strict=True)}
    if known.truth:
        for model, choices in chosen.items():
            right = known.expected[model]["accuracy_vs_reference"]
            assert _alike(choices, known.truth) == pytest.approx(right, abs=1e-9), model
    wanted = known.expected["pairwise_label_agreement"]
    assert {x for pair in wanted for x in pair.split("~")} - chosen.keys() == {"Wawa", "ZeroBasedSkill"}, "not ours"
    for one, other in combinations(chosen, 2):
        alike = wanted.get(f"{one}~{other}", wanted.get(f"{other}~{one}"))
        assert _alike(chosen[one], chosen[other]) == pytest.approx(alike, abs=1e-9), (one, other)


def _alike(one: Choices, other: Choices) -> float:
    assert one.keys() == other.keys()
    return float(np.mean([one[item] == other[item] for item in one]))


def _chosen(labels: list[Row], names: list[str]) -> Choices:
    return {label["sample_id"]: names[int(np.argmax(label["values"]))] for label in labels}
