"""Two versions of a dataset side by side: rows that changed, and how far labels, raters and agreement shifted."""
