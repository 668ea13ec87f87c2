"""The commands that make every table of the results, one script a table, and what runs them."""
