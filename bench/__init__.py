"""What is printed, never asserted: times and rates, measured side by side in one run."""
