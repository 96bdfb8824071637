package console

// Clash is err, that somebody else changed the same thing meanwhile, with what they
// stored (row A16). The page is shown again with what was entered; sent once more,
// it takes the place of theirs. Programs find theirs as "conflict" in the answer.
func Clash(err error, theirs any) error { return &clash{err, theirs} }

type clash struct {
	err    error
	theirs any
}

func (c *clash) Error() string { return c.err.Error() }

// Unwrap is the problem.
func (c *clash) Unwrap() error { return c.err }
