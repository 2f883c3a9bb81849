"""Many finished runs side by side: records of them, rows of one setting each, tables and what they rest on."""
