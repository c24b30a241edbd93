"""OpenTelemetry: metrics and traces, to Prometheus and to a collector."""
