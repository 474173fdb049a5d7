"""Agreement of raters, on any table of ratings or on the opinions of a dataset.

`agreement(Ratings.read(table, item="text", rater="who", value="joy"))` is a report; the measures that it holds can also
be asked for one by one, of `coded(question)`.
"""

from affectory.quality.agreement._alpha import alpha, alpha_by_rater
from affectory.quality.agreement._coded import Coded, coded
from affectory.quality.agreement._kappas import Pairs, cohen_kappas, fleiss_kappa, named, pairwise_f1s
from affectory.quality.agreement._measures import MEASURES
from affectory.quality.agreement._ranks import kendall_tau, kendall_w, ranks_of, spearman
from affectory.quality.agreement._reliability import (
    Halves,
    Rest,
    icc,
    leave_one_out,
    leave_one_out_error,
    rater_correlations,
    shcmp,
    spearman_brown,
    split_half,
)
from affectory.quality.agreement._spans import Marked, unitizing_alpha
from affectory.quality.agreement.report import Figure, Report, agreement
from affectory.quality.ratings import Question, Ratings

__all__ = [
    "MEASURES",
    "Coded",
    "Figure",
    "Halves",
    "Marked",
    "Pairs",
    "Question",
    "Ratings",
    "Report",
    "Rest",
    "agreement",
    "alpha",
    "alpha_by_rater",
    "coded",
    "cohen_kappas",
    "fleiss_kappa",
    "icc",
    "kendall_tau",
    "kendall_w",
    "leave_one_out",
    "leave_one_out_error",
    "named",
    "pairwise_f1s",
    "ranks_of",
    "rater_correlations",
    "shcmp",
    "spearman",
    "spearman_brown",
    "split_half",
    "unitizing_alpha",
]
