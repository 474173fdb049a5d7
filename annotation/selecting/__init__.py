"""Selection: which samples people are asked about, who of them, and in which order."""
