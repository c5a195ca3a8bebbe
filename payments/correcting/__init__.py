"""After the payment: money withheld, released or lapsed, and correction statements."""
