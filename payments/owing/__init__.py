"""What libraries owe, what is at stake with it, and how they are reminded."""
