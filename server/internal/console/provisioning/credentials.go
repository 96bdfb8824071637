package provisioning

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Credentials are the URL and tokens page.
type Credentials struct {
	tabs
	TenantURL string   `json:"tenant_url"`
	Tokens    []Token  `json:"tokens"`
	Clients   []Client `json:"clients"`
	Ending    []Ending `json:"ending"`
}

// Head is that of a page.
func (p Credentials) Head() console.Head { return p.head("URL and tokens", "credentials") }

// Token is a secret token as it is shown: without the token.
type Token struct {
	ID       string    `json:"id"`
	Label    string    `json:"label"`
	State    string    `json:"state"` // valid, expired or revoked
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	Left     int       `json:"days_left,omitempty"` // where it ends within 60 days
	LastUsed time.Time `json:"last_used,omitzero"`
	From     string    `json:"last_used_from,omitempty"`
	Strict   bool      `json:"strict,omitempty"`
}

// Working says whether it is accepted.
func (t Token) Working() bool { return t.State == "valid" }

// Ending is a credential that ends within 60 days.
type Ending struct {
	What  string    `json:"what"`
	Label string    `json:"label"`
	Days  int       `json:"days"`
	At    time.Time `json:"at"`
	// Kind is how urgent it is: info, warn or bad (60, 30 and 7 days).
	Kind string `json:"kind"`
}

func tokenOf(t store.Token, now time.Time) Token {
	return Token{
		ID: t.ID, Label: t.Label, State: store.CredentialState(t.Expires, t.Revoked, now), Created: t.Created, Expires: t.Expires,
		LastUsed: t.LastUsed, From: t.LastNetwork, Strict: t.Strict, Left: daysLeft(t.Expires, t.Revoked, now),
	}
}

// daysLeft is how many days a credential has yet, where they are 60 or fewer; the
// last one counts as one.
func daysLeft(expires, revoked, now time.Time) int {
	left := expires.Sub(now)
	if expires.IsZero() || !revoked.IsZero() || left <= 0 || left > 60*day {
		return 0
	}
	return max(int(left/day), 1)
}

func endingOf(what, label string, expires time.Time, days int) Ending {
	e := Ending{What: what, Label: label, Days: days, At: expires, Kind: "info"}
	switch {
	case days <= 7:
		e.Kind = "bad"
	case days <= 30:
		e.Kind = "warn"
	}
	return e
}

func (s *Section) credentials(ctx context.Context, c *console.Call, _ struct{}) (Credentials, error) {
	return s.readCredentials(ctx, c)
}

func (s *Section) readCredentials(ctx context.Context, c *console.Call) (Credentials, error) {
	p := Credentials{tabs: tabs{"provisioning.credentials"}, TenantURL: tenantURL(c), Tokens: []Token{}, Clients: []Client{}, Ending: []Ending{}}
	tokens, err := s.cfg.Store.Tokens(ctx, c.Workspace.ID)
	if err != nil {
		return p, err
	}
	for _, t := range tokens {
		one := tokenOf(t, c.Now)
		p.Tokens = append(p.Tokens, one)
		if one.Left > 0 {
			p.Ending = append(p.Ending, endingOf("Token", name(t.Label, t.ID), t.Expires, one.Left))
		}
	}
	p.Clients, err = s.readClients(ctx, c)
	for _, client := range p.Clients {
		for _, n := range client.Secrets {
			if n.Left > 0 {
				p.Ending = append(p.Ending, endingOf("Client secret", name(client.Label, client.ID), n.Expires, n.Left))
			}
		}
	}
	return p, err
}

// name is a label, or an id in its place.
func name(label, id string) string {
	if label != "" {
		return label
	}
	return id
}

// working counts what Entra can sign in with.
func (p Credentials) working() (n int) {
	for _, t := range p.Tokens {
		if t.Working() {
			n++
		}
	}
	for _, client := range p.Clients {
		if client.State == "valid" && (client.Issuer != "" || client.working() > 0) {
			n++
		}
	}
	return n
}

// TokenPage is one token with what can be done to it.
type TokenPage struct {
	tabs
	Token Token `json:"token"`
	// Last: no other credential works, so that revoking it stops Entra.
	Last bool `json:"last"`
}

// Head is that of a page.
func (p TokenPage) Head() console.Head {
	return p.head("Token "+name(p.Token.Label, p.Token.ID), "token")
}

type tokenInput struct {
	ID string `json:"id"`
}

func (s *Section) token(ctx context.Context, c *console.Call, in tokenInput) (TokenPage, error) {
	all, err := s.readCredentials(ctx, c)
	if err != nil {
		return TokenPage{}, err
	}
	for _, t := range all.Tokens {
		if t.ID == in.ID {
			return TokenPage{tabs: all.tabs, Token: t, Last: t.Working() && all.working() == 1}, nil
		}
	}
	return TokenPage{}, problem.New(unknownToken)
}

// Secret is a secret, shown this once.
type Secret struct {
	tabs
	What      string    `json:"what"`
	TenantURL string    `json:"tenant_url"`
	Token     string    `json:"token"`
	ID        string    `json:"id"`
	Label     string    `json:"label"`
	Expires   time.Time `json:"expires,omitzero"`
	// Old is the token that is replaced, and Until when that ends.
	Old   string    `json:"old,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Head is that of a page.
func (p Secret) Head() console.Head { return p.head("Your new token", "secret") }

type createInput struct {
	Label string        `json:"label"`
	Life  time.Duration `json:"life"`
}

func (in createInput) check() error {
	var wrong console.Faults
	if err := labelFault(in.Label); err != nil {
		wrong = append(wrong, *err)
	}
	if in.Life != 0 && in.Life < time.Minute {
		wrong = append(wrong, console.Bad("life", "It is empty, or a minute or longer, such as 365d."))
	}
	return wrong.Or()
}

func labelFault(label string) *console.Fault {
	if len(label) > 100 || strings.ContainsFunc(label, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		f := console.Bad("label", "It is one line of at most 100 characters.")
		return &f
	}
	return nil
}

// newID is the public handle of a token or secret.
func newID() string { return strings.ToLower(rand.Text()[:10]) }

func (s *Section) createToken(ctx context.Context, c *console.Call, in createInput) (Secret, error) {
	in.Label = strings.TrimSpace(in.Label)
	if err := in.check(); err != nil {
		return Secret{}, err
	}
	clear := scim.NewToken()
	t := store.Token{ID: newID(), Workspace: c.Workspace.ID, Label: in.Label, Hash: clear.Hash(), Created: c.Now}
	if in.Life > 0 {
		t.Expires = c.Now.Add(in.Life)
	}
	c.Target(t.ID)
	if err := s.cfg.Store.CreateToken(ctx, t); err != nil {
		return Secret{}, err
	}
	return Secret{
		tabs: tabs{"provisioning.credentials"}, What: "Secret Token", TenantURL: tenantURL(c), Token: clear.Reveal(), ID: t.ID, Label: t.Label, Expires: t.Expires,
	}, nil
}

type rotateInput struct {
	ID      string        `json:"id"`
	Overlap time.Duration `json:"overlap"`
	Life    time.Duration `json:"life"`
}

func (s *Section) rotateToken(ctx context.Context, c *console.Call, in rotateInput) (Secret, error) {
	if in.Overlap == 0 {
		in.Overlap = 7 * day
	}
	var wrong console.Faults
	if in.Overlap < time.Minute || in.Overlap > 90*day {
		wrong = append(wrong, console.Bad("overlap", "It is between a minute and 90 days, such as 7d."))
	}
	if in.Life != 0 && in.Life <= in.Overlap {
		wrong = append(wrong, console.Bad("life", "It is longer than the overlap, or empty."))
	}
	if err := wrong.Or(); err != nil {
		return Secret{}, err
	}
	old, err := s.token(ctx, c, tokenInput{in.ID})
	if err != nil {
		return Secret{}, err
	}
	clear := scim.NewToken()
	t := store.Token{ID: newID(), Workspace: c.Workspace.ID, Label: old.Token.Label, Hash: clear.Hash(), Created: c.Now}
	if in.Life > 0 {
		t.Expires = c.Now.Add(in.Life)
	}
	until := c.Now.Add(in.Overlap)
	if at := old.Token.Expires; !at.IsZero() && at.Before(until) {
		until = at
	}
	c.Target(in.ID)
	c.Note("successor", t.ID)
	if err := s.cfg.Store.RotateToken(ctx, c.Workspace.ID, in.ID, t, until); err != nil {
		return Secret{}, gone(err, unknownToken)
	}
	return Secret{
		tabs: old.tabs, What: "Secret Token", TenantURL: tenantURL(c), Token: clear.Reveal(), ID: t.ID, Label: t.Label, Expires: t.Expires,
		Old: name(old.Token.Label, in.ID), Until: until,
	}, nil
}

func (s *Section) revokeToken(ctx context.Context, c *console.Call, in tokenInput) (console.Done, error) {
	c.Target(in.ID)
	err := s.cfg.Store.RevokeToken(ctx, c.Workspace.ID, in.ID, c.Now)
	return console.Done{To: c.Path("provisioning.credentials"), Say: "The token is revoked. Requests with it are refused from now on."}, gone(err, unknownToken)
}
