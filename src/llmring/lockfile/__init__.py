"""Who may answer: lockfiles, their aliases and profiles."""
