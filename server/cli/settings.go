package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
)

// setting is one thing that can be set by a flag, by an environment variable
// and in the configuration file, in this order of precedence.
type setting struct {
	key string // its name in the file; flag and variable follow from it
	def string
}

func (s setting) flag() string     { return "--" + strings.ReplaceAll(s.key, "_", "-") }
func (s setting) variable() string { return "LANYARD_" + strings.ToUpper(s.key) }

// The keys of the settings.
const (
	keyListen         = "listen"
	keyPublicURL      = "public_url"
	keyAdminListen    = "admin_listen"
	keyConsoleListen  = "console_listen"
	keyConsoleURL     = "console_url"
	keyConsoleIdle    = "console_idle"
	keyConsoleTTL     = "console_session_ttl"
	keyAppName        = "app_name"
	keyDB             = "db"
	keySessionTTL     = "session_ttl"
	keyTrustedProxies = "trusted_proxies"
	keySCIMSchemas    = "scim_schemas"
	keyWebhookKeyFile = "webhook_key_file"
	keyServerKeyFile  = "server_key_file"
	keyLogLevel       = "log_level"
	keyLogFormat      = "log_format"
)

// allSettings is every setting, in the order in which they are printed. The
// default of public_url follows from listen: see [publicURL].
var allSettings = []setting{
	{keyListen, "127.0.0.1:8080"},
	{keyPublicURL, ""},
	{keyAdminListen, ""},
	{keyConsoleListen, ""},
	{keyConsoleURL, ""}, // follows from console_listen, else from public_url
	{keyConsoleIdle, "30m"},
	{keyConsoleTTL, "12h"},
	{keyAppName, ""},
	{keyDB, "sqlite:" + defaultFile},
	{keySessionTTL, "1h"},
	{keyTrustedProxies, ""},
	{keySCIMSchemas, ""},
	{keyWebhookKeyFile, defaultWebhookKeyFile},
	{keyServerKeyFile, ""}, // see serverKey
	{keyLogLevel, "info"},
	{keyLogFormat, "text"},
}

// defaultFile is the database of a first start without flags.
const defaultFile = "lanyard.db"

// value is an effective setting and where it came from, in words.
type value struct {
	Text string
	From string
}

// set reports whether somebody set the value.
func (v value) set() bool { return v.From != fromDefault }

const fromDefault = "default"

// settings are the effective values by key.
type settings map[string]value

// resolve finds the effective settings: flags (nil where not given), then the
// environment, then the file, then the defaults. An empty environment variable
// counts as not set, as in a compose file that passes on what is not there.
func (c *command) resolve(configFile string, flags map[string]*string) (settings, error) {
	origin := "--config"
	if configFile == "" {
		configFile, _ = c.env("LANYARD_CONFIG")
		origin = "LANYARD_CONFIG"
	}
	var file map[string]value
	if configFile != "" {
		text, err := os.ReadFile(configFile)
		if err != nil {
			return nil, problem.Detailf(problem.BadConfig, "%s, named by %s: %v.", configFile, origin, errors.Unwrap(err))
		}
		if file, err = parseConfig(configFile, string(text)); err != nil {
			return nil, err
		}
	}
	out := settings{}
	for _, s := range allSettings {
		out[s.key] = value{s.def, fromDefault}
		if v, ok := file[s.key]; ok {
			out[s.key] = v
		}
		if v, ok := c.env(s.variable()); ok && v != "" {
			out[s.key] = value{v, s.variable()}
		}
		if f := flags[s.key]; f != nil {
			out[s.key] = value{*f, s.flag()}
		}
	}
	c.hide(out[keyDB].Text)
	return out, nil
}

// parseConfig reads a configuration file: TOML, one text for each key. A key
// that is not known is an error, since a misspelt setting that is silently
// ignored is found much later.
func parseConfig(name, text string) (map[string]value, error) {
	raw := map[string]any{}
	if _, err := toml.Decode(text, &raw); err != nil {
		var p toml.ParseError
		if errors.As(err, &p) {
			return nil, problem.Detailf(problem.BadConfig, "%s, line %d: %s.", name, p.Position.Line, strings.TrimSuffix(p.Message, "."))
		}
		return nil, problem.Detailf(problem.BadConfig, "%s: %v.", name, err)
	}
	known := make([]string, len(allSettings))
	for i, s := range allSettings {
		known[i] = s.key
	}
	out := map[string]value{}
	first := problem.Error{Code: problem.BadConfig}
	firstLine := 0
	complain := func(line int, format string, args ...any) {
		if firstLine == 0 || line < firstLine {
			firstLine = line
			first.Detail = fmt.Sprintf("%s, line %d: ", name, line) + fmt.Sprintf(format, args...)
		}
	}
	for key, v := range raw {
		line := lineOf(text, key)
		s, isText := v.(string)
		switch {
		case !slices.Contains(known, key):
			complain(line, "there is no setting %q.%s", key, didYouMean(key, known))
		case !isText:
			complain(line, "%s must be a text in quotation marks.", key)
		default:
			out[key] = value{s, fmt.Sprintf("%s, line %d", name, line)}
		}
	}
	if firstLine != 0 {
		return nil, &first
	}
	return out, nil
}

// lineOf returns the line on which a top-level key stands (or its table
// begins), counted from 1. The TOML package decodes without positions; in a
// flat file the first line that begins with the key is the one.
func lineOf(text, key string) int {
	for i, line := range strings.Split(text, "\n") {
		l := strings.TrimLeft(line, " \t[\"'")
		rest, ok := strings.CutPrefix(l, key)
		if ok && (rest == "" || strings.ContainsRune(" \t=]\"'.\r", rune(rest[0]))) {
			return i + 1
		}
	}
	return 1
}

// logLevel reads log_level.
func (s settings) logLevel() (slog.Level, error) {
	v := s[keyLogLevel]
	var l slog.Level
	if slices.Contains([]string{"debug", "info", "warn", "error"}, v.Text) {
		return l, l.UnmarshalText([]byte(v.Text))
	}
	return 0, problem.Detailf(problem.BadConfig, "log_level (%s) is %q; it can be debug, info, warn or error.", v.From, v.Text)
}

// logFormat reads log_format.
func (s settings) logFormat() (string, error) {
	v := s[keyLogFormat]
	if v.Text == "text" || v.Text == "json" {
		return v.Text, nil
	}
	return "", problem.Detailf(problem.BadConfig, "log_format (%s) is %q; it can be text or json.", v.From, v.Text)
}

// publicURL reads public_url and returns it without a slash at the end. Where
// it is not set it follows from the address that is listened on, but only on
// loopback: nobody can guess under which name others reach this machine.
// http:// is accepted on loopback only, as passwords and tokens travel on it.
func (s settings) publicURL(listening string) (*url.URL, error) {
	v := s[keyPublicURL]
	if !v.set() {
		host, port, err := net.SplitHostPort(listening)
		if err != nil || !isLoopback(host) {
			return nil, problem.Detailf(problem.BadPublicURL, "The server listens on %s, which others may reach, but --public-url is not set.", listening)
		}
		return &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}, nil
	}
	u, err := url.Parse(v.Text)
	if err != nil {
		return nil, problem.Detailf(problem.BadPublicURL, "public_url (%s) is not a URL.", v.From)
	}
	if err := server.CheckPublicURL(u); err != nil {
		return nil, problem.Detailf(problem.BadPublicURL, "%s is %q. %s", v.From, u.Redacted(), problem.DetailOf(err))
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// noConsole as console_listen switches the console off.
const noConsole = "none"

// console says where the console is, and how long administrators stay signed in.
// listening is the address of its own listener, or "" where it has none.
func (s settings) console(listening string) (server.ConsoleConfig, error) {
	var out server.ConsoleConfig
	var err error
	if out.Idle, err = s.duration(keyConsoleIdle, time.Minute, 24*time.Hour); err != nil {
		return out, err
	}
	if out.Absolute, err = s.duration(keyConsoleTTL, time.Minute, 30*24*time.Hour); err != nil {
		return out, err
	}
	if out.Idle > out.Absolute {
		return out, problem.Detailf(problem.BadConfig, "console_idle (%s) is longer than console_session_ttl (%s).", s[keyConsoleIdle].From, s[keyConsoleTTL].From)
	}
	out.Disabled = s[keyConsoleListen].Text == noConsole
	out.URL, err = s.consoleURL(listening)
	return out, err
}

// consoleURL is the console's own address; nil where it has none.
func (s settings) consoleURL(listening string) (*url.URL, error) {
	at, v := s[keyConsoleListen], s[keyConsoleURL]
	switch {
	case at.Text == noConsole:
		return nil, nil
	case at.Text == "" && v.Text != "":
		return nil, problem.Detailf(problem.BadConfig, "console_url (%s) is the address of a console with a listener of its own: set console_listen.", v.From)
	case at.Text == "":
		return nil, nil
	case v.Text == "":
		host, port, err := net.SplitHostPort(listening)
		if err != nil || !isLoopback(host) {
			return nil, problem.Detailf(problem.BadConfig, "The console listens on %s, which others may reach, but console_url is not set.", listening)
		}
		return &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}, nil
	}
	u, err := url.Parse(v.Text)
	if err != nil {
		return nil, problem.Detailf(problem.BadConfig, "console_url (%s) is not a URL.", v.From)
	}
	if err := server.CheckPublicURL(u); err != nil {
		return nil, problem.Detailf(problem.BadConfig, "console_url (%s) is %q. %s", v.From, u.Redacted(), problem.DetailOf(err))
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// sessionTTL reads session_ttl.
func (s settings) sessionTTL() (time.Duration, error) {
	return s.duration(keySessionTTL, time.Minute, 30*24*time.Hour)
}

// duration reads a time that has bounds.
func (s settings) duration(key string, least, most time.Duration) (time.Duration, error) {
	v := s[key]
	d, err := parseDuration(key, v.Text)
	if err != nil || d < least || d > most {
		return 0, problem.Detailf(problem.BadConfig, "%s (%s) is %q; it can be %s to %s.", key, v.From, v.Text, formatDuration(least), formatDuration(most))
	}
	return d, nil
}

// trustedProxies reads trusted_proxies: addresses and prefixes, with commas.
func (s settings) trustedProxies() ([]netip.Prefix, error) {
	v := s[keyTrustedProxies]
	var out []netip.Prefix
	for _, text := range strings.FieldsFunc(v.Text, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if a, notAddr := netip.ParseAddr(text); notAddr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return nil, problem.Detailf(problem.BadConfig, "trusted_proxies (%s): %q is neither an address nor a prefix such as 10.0.0.0/8.", v.From, text)
		}
		out = append(out, p)
	}
	return out, nil
}

// isLoopback reports whether a host is this machine for itself alone. Names
// other than localhost are not looked up: what a resolver says can change.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
