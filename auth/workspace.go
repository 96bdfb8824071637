package auth

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// Place is where a person wants to sign in: a server, and there either a
// workspace by its name or the workspace of an e-mail address.
type Place struct {
	Server *url.URL
	// ID is empty when Email is set.
	ID, Email string
}

// maxInput is more than any address of a workspace that people type.
const maxInput = 512

// basePath is what may stand between the host and the workspace: segments that
// mean themselves.
var basePath = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

var workspaceID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$`)

// ParsePlace reads what a person typed into the workspace field:
//
//	acme                      a workspace of the server def, in any case
//	https://sso.example.com/acme, sso.example.com/acme
//	https://sso.example.com/sso/acme, …/sso#acme, lanyard://sso/acme
//	ada@example.com           the workspace is found by the domain
//
// The links lead to a sign-in; lanyard:// names a workspace of the server def.
// http:// is accepted for this very machine only, where it is also what a
// missing scheme means. A nil def refuses the forms that need it. The errors
// carry problem.BadWorkspaceID, BadServer or Insecure.
func ParsePlace(input string, def *url.URL) (Place, error) {
	s := strings.TrimSpace(input)
	id, link := cutPrefixFold(s, linkPrefix)
	if link {
		s = strings.TrimSuffix(id, "/")
	}
	switch {
	case link && strings.ContainsAny(s, "/@"): // a link names no server
		return Place{}, problem.New(problem.BadWorkspaceID)
	case s == "":
		return Place{}, problem.Detailf(problem.BadWorkspaceID, "Type the name of your workspace.")
	case len(s) > maxInput:
		return Place{}, problem.New(problem.BadWorkspaceID)
	case strings.Contains(s, "/"):
		return parseAddress(s)
	case def == nil:
		return Place{}, problem.Detailf(problem.BadServer, "Write the workspace with its server, such as sso.example.com/acme.")
	case strings.Contains(s, "@"):
		return parseEmail(s, def)
	}
	id, err := parseID(s)
	if err != nil {
		return Place{}, err
	}
	return Place{Server: def, ID: id}, nil
}

// linkPrefix begins a link that only this app opens (row H1).
const linkPrefix = "lanyard://sso/"

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func parseID(s string) (string, error) {
	id := strings.ToLower(s)
	if !workspaceID.MatchString(id) {
		return "", problem.New(problem.BadWorkspaceID)
	}
	return id, nil
}

func parseEmail(s string, def *url.URL) (Place, error) {
	local, domain, _ := strings.Cut(s, "@")
	if local == "" || !strings.Contains(domain, ".") || strings.ContainsAny(s, " \t\r\n") || strings.Contains(domain, "@") {
		return Place{}, problem.Detailf(problem.BadWorkspaceID, "This is not a complete e-mail address.")
	}
	return Place{Server: def, Email: s}, nil
}

// signInPage is where a server's own page asks for the workspace.
const signInPage = "/sso"

func parseAddress(s string) (Place, error) {
	if !strings.Contains(s, "://") {
		scheme := "https://"
		host, _, _ := strings.Cut(s, "/")
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if api.Loopback(strings.Trim(strings.ToLower(host), "[]")) {
			scheme = "http://"
		}
		s = scheme + s
	}
	u, err := url.Parse(s)
	if err != nil {
		// url.Error repeats the address, which may hold a password.
		return Place{}, problem.Wrap(problem.BadServer, errors.New("the address cannot be parsed"))
	}
	path := strings.TrimRight(u.Path, "/")
	if strings.HasSuffix(path, signInPage) && u.Fragment != "" && !strings.Contains(u.Fragment, "/") {
		path, u.Fragment, u.RawFragment = path+"/"+u.Fragment, "", ""
	}
	if err := CheckServer(u); err != nil {
		return Place{}, err
	}
	cut := strings.LastIndex(path, "/")
	if cut < 0 {
		return Place{}, problem.Detailf(problem.BadWorkspaceID, "Write the name of the workspace after the server: %s/acme.", u.Host)
	}
	id, err := parseID(path[cut+1:])
	if err != nil {
		return Place{}, err
	}
	base := path[:cut]
	for strings.HasSuffix(base, signInPage) {
		base = strings.TrimSuffix(base, signInPage)
	}
	if !basePath.MatchString(base) {
		return Place{}, problem.Wrap(problem.BadServer, errors.New("the path before the workspace is not a plain one"))
	}
	return Place{Server: &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: base}, ID: id}, nil
}

// CheckServer reports why u cannot be the address of a Lanyard server:
// problem.Insecure for http:// to another machine, problem.BadServer else.
func CheckServer(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return problem.Wrap(problem.BadServer, errors.New("a server is https://, a host and at most a path"))
	case u.Scheme == "https", u.Scheme == "http" && api.Loopback(strings.ToLower(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return problem.New(problem.Insecure)
	}
	return problem.Wrap(problem.BadServer, errors.New("the scheme is not https"))
}

// remembered is p as a person would type it again, given the server def.
func (p Place) remembered(def *url.URL) string {
	if p.Email != "" {
		return p.Email
	}
	if def != nil && sameServer(p.Server, def) {
		return p.ID
	}
	return p.Server.JoinPath(p.ID).String()
}

func sameServer(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) &&
		strings.TrimRight(a.Path, "/") == strings.TrimRight(b.Path, "/")
}
