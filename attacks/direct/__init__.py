"""Direct attacks: crafted and judged on the same network, on images that it classifies correctly."""
