"""Proving runs: frozen inputs, manifest and files, the nightly verification."""
