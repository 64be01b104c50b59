"""Where work runs: isolated worker processes; the only place that starts processes."""
