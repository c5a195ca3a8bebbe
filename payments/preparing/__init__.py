"""Preparing a run: its steps, requirements, open filings, policy, comparison, changes of its inputs."""
