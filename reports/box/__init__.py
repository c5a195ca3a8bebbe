"""A certified year in a box: everything that an edition publishes, in one file that proves itself."""
