"""Where builds run at scale: cluster files, images and schedules."""
