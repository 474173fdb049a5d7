"""Continuous traces: a page on which raters move a slider while a clip plays, and what it keeps."""
