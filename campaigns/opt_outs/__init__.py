"""Who must not be texted, however we learned it."""
