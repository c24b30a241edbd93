"""The settings: one YAML file and the environment, typed, read once, and refused whole where anything is wrong."""
