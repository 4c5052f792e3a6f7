"""Logs that speed is measured on. They have the shape of traffic and say nothing of detection."""
