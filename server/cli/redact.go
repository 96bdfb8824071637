package cli

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// hidden stands where a secret was.
const hidden = "xxxxx"

// secret is a text to keep out of messages, where it stands between before and
// after; and anywhere, where bare says so.
type secret struct {
	before, text, after string
	bare                bool
}

// secretsIn returns the passwords in a database address as they are written
// there and as they read when unescaped. It works on the text, not on a parsed
// URL, since an address that cannot be parsed is one that gets into messages.
func secretsIn(address string) []secret {
	var out []secret
	add := func(before, text, after string) {
		if text == "" {
			return
		}
		out = append(out, secret{before: before, text: text, after: after})
		for _, unescape := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} {
			if plain, err := unescape(text); err == nil && plain != text {
				out = append(out, secret{before: before, text: plain, after: after})
			}
		}
	}
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return nil
	}
	main, query, _ := strings.Cut(rest, "?")
	if !strings.Contains(main, "@") {
		main = rest // a question mark in the password that should be %3F
	}
	if at := strings.LastIndex(main, "@"); at >= 0 {
		if _, password, ok := strings.Cut(main[:at], ":"); ok {
			add(":", password, "@")
		}
	}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == '#' }) {
		name, v, _ := strings.Cut(pair, "=")
		if strings.EqualFold(name, "password") || strings.EqualFold(name, "sslpassword") {
			add(name+"=", v, "")
		}
	}
	// A password that also stands elsewhere in the address, as the user's name
	// or "postgres", is hidden in its place only: else every other word would be.
	clean := replaceSecrets(address, out)
	for i := range out {
		out[i].bare = len(out[i].text) >= 4 && !strings.Contains(clean, out[i].text)
	}
	return out
}

func replaceSecrets(message string, secrets []secret) string {
	for _, s := range secrets {
		message = strings.ReplaceAll(message, s.before+s.text+s.after, s.before+hidden+s.after)
		if s.bare {
			message = strings.ReplaceAll(message, s.text, hidden)
		}
	}
	return message
}

// redactURL returns a database address without its password, also where it is
// too broken to be parsed.
func redactURL(address string) string { return replaceSecrets(address, secretsIn(address)) }

// hide keeps the secrets in an argument or an address out of every message.
func (c *command) hide(text string) {
	c.secrets = append(c.secrets, secretsIn(text)...)
	if i := strings.Index(text, scim.TokenPrefix); i >= 0 {
		c.secrets = append(c.secrets, secret{text: text[i:], bare: true})
	}
	if _, key, ok := strings.Cut(text, "PRIVATE KEY"); ok {
		// Somebody gave a private key where its file was meant. A message may
		// quote or escape it, so its lines are hidden one by one.
		for line := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '-' || unicode.IsSpace(r) }) {
			if len(line) >= 8 {
				c.secrets = append(c.secrets, secret{text: line, bare: true})
			}
		}
	}
}

// redact removes from a message what [command.hide] was told.
func (c *command) redact(message string) string { return replaceSecrets(message, c.secrets) }
