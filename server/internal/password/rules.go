package password

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// How many characters a password has: NIST SP 800-63B asks for length, and
// against rules about which characters there are.
const (
	Min = 12
	Max = 512
)

// common are the words that guessers try first, with something around them.
var common = []string{
	"password", "passwort", "passw0rd", "p@ssw0rd", "letmein", "welcome", "willkommen", "bonjour", "qwerty", "qwertz", "azerty",
	"iloveyou", "administrator", "admin", "changeme", "secret", "geheim", "login", "abc123", "monkey", "dragon", "football",
	"baseball", "summer", "winter", "spring", "autumn", "sommer", "lanyard", "microsoft", "company",
}

// around are characters that people put before and behind a word.
const around = "0123456789!?.,;:-_#$%&*+/@()[] "

// Weakness says in a sentence what is wrong with a new password, or "". about
// are names and addresses of whoever it is for, in any case.
func Weakness(password string, about ...string) string {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return "It has characters that are no text."
	case n < Min:
		return fmt.Sprintf("It has %d characters; at least %d are needed.", n, Min)
	case n > Max:
		return fmt.Sprintf("It has more than %d characters.", Max)
	case distinct(password) < 5:
		return "It repeats the same few characters."
	case runs(password):
		return "Its characters follow each other as on the keyboard or in the alphabet."
	}
	rest := strings.ToLower(password)
	words := append(parts(about), common...)
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) }) // an address before the name in it
	for _, word := range words {
		rest = strings.ReplaceAll(rest, word, "")
	}
	if utf8.RuneCountInString(strings.Trim(rest, around)) < 4 {
		return "Little is left of it without names and words that are tried first."
	}
	return ""
}

// parts are names in small letters, and of addresses what is before the @.
func parts(about []string) (all []string) {
	for _, name := range about {
		name = strings.ToLower(strings.TrimSpace(name))
		before, _, _ := strings.Cut(name, "@")
		for _, part := range append(strings.Fields(name), before) {
			if utf8.RuneCountInString(part) >= 3 {
				all = append(all, part)
			}
		}
	}
	return all
}

func distinct(s string) int {
	seen := map[rune]struct{}{}
	for _, r := range s {
		seen[r] = struct{}{}
	}
	return len(seen)
}

// rows are what a finger follows, or a child's song.
var rows = []string{
	"01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "abcdefghijklmnopqrstuvwxyz",
}

// runs reports whether most of s follows the rows, forwards or backwards.
func runs(s string) bool {
	letters := []rune(strings.ToLower(s))
	follows := 0
	for i := range len(letters) - 1 {
		a, b := string(letters[i]), string(letters[i+1])
		for _, row := range rows {
			if strings.Contains(row, a+b) || strings.Contains(row, b+a) {
				follows++
				break
			}
		}
	}
	return follows*5 >= len(letters)*4
}
