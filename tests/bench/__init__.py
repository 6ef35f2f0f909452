"""Speed and memory of qbc as ratios: each against what a reader would write or install instead, in one run. `make bench`."""
