"""Sample and event scores, and scorers for scikit-learn's searches."""
