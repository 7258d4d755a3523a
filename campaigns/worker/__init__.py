"""Background work: the tick and the tasks that it wakes."""
