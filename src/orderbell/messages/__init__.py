"""How a message is worded: tokens, templates, languages, brand."""
