"""Many runs that differ in their options: what to try, who trains it, what is kept of it, and what may be said about it."""
