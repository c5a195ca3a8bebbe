"""The desk's questions as pages and by REST, both made from the decision tables. Nothing is stored."""
