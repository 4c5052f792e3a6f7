"""Which source column or path holds each canonical column: presets, hints, and schemas of one's own."""
