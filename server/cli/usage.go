package cli

import (
	"errors"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lanyard-sso/lanyard/problem"
)

// badUsage turns what kong says into a problem: a sentence, and where help is.
func badUsage(err error, args []string) error {
	msg := err.Error()
	var p *kong.ParseError
	help := "lanyardd --help"
	if errors.As(err, &p) && p.Context != nil {
		if path := commandPath(p.Context); path != "" {
			help = "lanyardd " + path + " --help"
		}
	}
	if len(args) == 0 {
		msg = "no command was given"
	}
	return problem.Detailf(problem.BadUsage, "%s; see %s", strings.TrimSuffix(msg, "."), help)
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
