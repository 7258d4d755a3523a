"""Person × template → text: who gets which text, its segments and its cost."""
