"""The pages: what waits for people, why, and their answers, in a browser."""
