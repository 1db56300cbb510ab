"""Measurements of sos against itself and others; ``make bench`` runs them all."""
