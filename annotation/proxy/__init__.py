"""A filtering proxy in front of Label Studio: annotators reach their own label stream and media and nothing else."""
