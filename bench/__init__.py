"""Measurements, as ratios against a stock server in the same run; nothing here is asserted by a test."""
