"""One page that shows a release: what it holds, how far to trust it, and its samples with what raters said of them."""

from affectory.quality.report.page import write_report

__all__ = ["write_report"]
