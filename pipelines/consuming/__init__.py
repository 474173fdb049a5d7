"""Using a release: load it, label it by another rule, turn its labels into arrays and batches."""
