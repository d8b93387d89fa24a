"""The queue of background work, and the loop that runs it."""
