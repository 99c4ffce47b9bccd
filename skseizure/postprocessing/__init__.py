"""Meta-estimators around any classifier that turn window-wise into clinical decisions."""
