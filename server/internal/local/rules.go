package local

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// How long a password is: NIST SP 800-63B asks for length and against rules about
// which characters there are.
const (
	MinPassword = 12 // characters
	MaxPassword = 512
)

// common are beginnings that guessers try first; what is left after them and
// after digits and signs has to be something.
var common = []string{
	"password", "passwort", "passw0rd", "letmein", "welcome", "willkommen", "qwerty", "qwertz", "azerty", "iloveyou",
	"admin", "administrator", "changeme", "secret", "geheim", "login", "abc123", "monkey", "dragon", "football",
	"summer", "winter", "spring", "autumn", "sommer",
}

// acceptable says what is wrong with a new password. The error is
// problem.PasswordWeak.
func acceptable(password string, ws directory.Workspace, u directory.User) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password), strings.ContainsRune(password, 0):
		return problem.Detailf(problem.PasswordWeak, "It has characters that are no text.")
	case n < MinPassword:
		return problem.Detailf(problem.PasswordWeak, "It has %d characters; at least %d are needed.", n, MinPassword)
	case n > MaxPassword:
		return problem.Detailf(problem.PasswordWeak, "It has more than %d characters.", MaxPassword)
	case kinds(password) < 5:
		return problem.Detailf(problem.PasswordWeak, "It repeats the same few characters.")
	case sequence(password):
		return problem.Detailf(problem.PasswordWeak, "Its characters follow each other as on the keyboard or in the alphabet.")
	}
	p := directory.ProfileOf(u)
	rest := directory.Fold(password)
	names := append([]string{ws.ID, ws.Name, p.UserName, localPart(p.UserName), p.Email, localPart(p.Email), p.GivenName, p.FamilyName}, common...)
	names = append(names, strings.Fields(ws.Name+" "+p.DisplayName)...)
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) }) // an address before the name in it
	for _, known := range names {
		if known = directory.Fold(known); len(known) >= 3 {
			rest = strings.ReplaceAll(rest, known, "")
		}
	}
	if rest = strings.Trim(rest, "0123456789!?.,-_#$%&*+/@ "); utf8.RuneCountInString(rest) < 4 {
		return problem.Detailf(problem.PasswordWeak, "Little is left of it without names and words that are tried first.")
	}
	return nil
}

func localPart(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return local
}

// kinds is how many different characters there are.
func kinds(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// rows are what a finger or a child's song follows.
var rows = []string{"01234567890123456789", "qwertzuiopasdfghjklyxcvbnm", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "abcdefghijklmnopqrstuvwxyz"}

// sequence reports whether most of a password is one run, forwards or backwards.
func sequence(password string) bool {
	s := []rune(strings.ToLower(password))
	steps := 0
	for i := 1; i < len(s); i++ {
		pair, back := string(s[i-1:i+1]), string([]rune{s[i], s[i-1]})
		for _, row := range rows {
			if strings.Contains(row, pair) || strings.Contains(row, back) {
				steps++
				break
			}
		}
	}
	return steps*10 >= len(s)*8
}
