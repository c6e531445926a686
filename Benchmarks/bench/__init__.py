"""Measurements of Apus against its peers, on one machine and in one run. Started by scripts/bench."""
import pathlib
import sys

# Processes and requests are those of the journeys.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests/Journeys"))
