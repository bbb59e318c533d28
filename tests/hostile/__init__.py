"""Files and names that mean harm: the program succeeds, or says in one clear line what is wrong and ends with status 2."""
