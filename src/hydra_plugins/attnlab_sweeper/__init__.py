"""Sweeps as Optuna studies that prune, resume and share their work between workers."""
