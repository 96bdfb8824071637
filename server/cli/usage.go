package cli

import (
	"errors"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lanyard-sso/lanyard/problem"
)

// badUsage turns what kong says into a problem, and remembers which command's
// help answers it.
func (c *command) badUsage(err error, args []string) error {
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil {
		c.path = commandPath(p.Context)
	}
	if len(args) == 0 {
		return problem.Detailf(problem.BadUsage, "No command was given.")
	}
	for _, a := range args {
		if strings.HasPrefix(a, "-----") {
			return problem.Detailf(problem.BadUsage, "What begins with dashes was taken for a flag. Name the file that it is in.")
		}
	}
	msg := err.Error()
	return problem.Detailf(problem.BadUsage, "%s.", strings.ToUpper(msg[:1])+strings.TrimSuffix(strings.TrimSuffix(msg[1:], "."), "?"))
}

// commandPath is the commands that were understood, without their arguments.
func commandPath(k *kong.Context) string {
	var words []string
	for _, p := range k.Path {
		if p.Command != nil {
			words = append(words, p.Command.Name)
		}
	}
	return strings.Join(words, " ")
}

// shellWord quotes a word for a POSIX shell where it needs it, so that a line
// can be copied as it is printed.
func shellWord(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
