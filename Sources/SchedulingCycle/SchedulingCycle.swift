// The module's first file; see docs/designs/planner.md for what belongs here.
