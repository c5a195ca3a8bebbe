"""Where people borrow: the flows between towns and libraries, and a page of each, of published years."""
