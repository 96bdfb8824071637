package provisioning

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/entra"
	"github.com/lanyard-sso/lanyard/server/internal/oauth"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Client is an OAuth client as it is shown.
type Client struct {
	ID        string         `json:"id"`
	Label     string         `json:"label"`
	State     string         `json:"state"`
	TokenLife int            `json:"token_life_minutes"`
	Issuer    string         `json:"issuer,omitempty"`
	Subject   string         `json:"subject,omitempty"`
	Audience  string         `json:"audience,omitempty"`
	KeysURL   string         `json:"jwks_url,omitempty"`
	Created   time.Time      `json:"created"`
	Secrets   []ClientSecret `json:"secrets"`
}

// ClientSecret is a secret of a client as it is shown.
type ClientSecret struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Left     int       `json:"days_left,omitempty"`
	LastUsed time.Time `json:"last_used,omitzero"`
}

// working counts the secrets that are accepted.
func (c Client) working() (n int) {
	for _, s := range c.Secrets {
		if s.State == "valid" {
			n++
		}
	}
	return n
}

func (s *Section) readClients(ctx context.Context, c *console.Call) ([]Client, error) {
	all := []Client{}
	clients, err := s.cfg.Store.Clients(ctx, c.Workspace.ID)
	if err != nil {
		return all, err
	}
	secrets, err := s.cfg.Store.Secrets(ctx, c.Workspace.ID)
	if err != nil {
		return all, err
	}
	for _, one := range clients {
		d := Client{
			ID: one.ID, Label: one.Label, State: store.CredentialState(time.Time{}, one.Revoked, c.Now), TokenLife: int(one.TokenLife / time.Minute),
			Issuer: one.Federation.Issuer, Subject: one.Federation.Subject, Audience: one.Federation.Audience, KeysURL: one.Federation.KeysURL,
			Created: one.Created, Secrets: []ClientSecret{},
		}
		for _, n := range secrets {
			if n.Client == one.ID {
				d.Secrets = append(d.Secrets, ClientSecret{
					ID: n.ID, State: store.CredentialState(n.Expires, n.Revoked, c.Now), Created: n.Created, Expires: n.Expires,
					LastUsed: n.LastUsed, Left: daysLeft(n.Expires, n.Revoked, c.Now),
				})
			}
		}
		all = append(all, d)
	}
	return all, nil
}

// ClientPage is one client with its secrets and its federation.
type ClientPage struct {
	tabs
	Client    Client `json:"client"`
	TenantURL string `json:"tenant_url"`
	TokenURL  string `json:"token_url"`
	// Secret is shown this once, after it was made.
	Secret string `json:"secret,omitempty"`
}

// Head is that of a page.
func (p ClientPage) Head() console.Head {
	return p.head("OAuth client "+name(p.Client.Label, p.Client.ID), "client")
}

func (s *Section) client(ctx context.Context, c *console.Call, in tokenInput) (ClientPage, error) {
	all, err := s.readClients(ctx, c)
	if err != nil {
		return ClientPage{}, err
	}
	for _, one := range all {
		if one.ID == in.ID {
			return ClientPage{tabs: tabs{"provisioning.credentials"}, Client: one, TenantURL: tenantURL(c), TokenURL: tenantURL(c) + "/oauth/token"}, nil
		}
	}
	return ClientPage{}, problem.New(problem.UnknownClient)
}

// shown is a client's page with a new secret on it.
func (s *Section) shown(ctx context.Context, c *console.Call, id string, clear scim.Token) (ClientPage, error) {
	p, err := s.client(ctx, c, tokenInput{id})
	p.Secret = clear.Reveal()
	return p, err
}

type clientInput struct {
	Label     string        `json:"label"`
	Life      time.Duration `json:"life"`
	TokenLife time.Duration `json:"token_life"`
	NoSecret  bool          `json:"no_secret"`
}

func (s *Section) createClient(ctx context.Context, c *console.Call, in clientInput) (ClientPage, error) {
	if in.TokenLife == 0 {
		in.TokenLife = oauth.MinTokenLife
	}
	if in.Life == 0 {
		in.Life = 365 * day
	}
	in.Label = strings.TrimSpace(in.Label)
	var wrong console.Faults
	if f := labelFault(in.Label); f != nil {
		wrong = append(wrong, *f)
	}
	if in.TokenLife < oauth.MinTokenLife || in.TokenLife > oauth.MaxTokenLife {
		wrong = append(wrong, console.Bad("token_life", "Access tokens last 60m to 360m."))
	}
	if in.Life < oauth.MinSecretLife || in.Life > oauth.MaxSecretLife {
		wrong = append(wrong, console.Bad("life", "A secret is valid for a day to three years, such as 365d."))
	}
	if err := wrong.Or(); err != nil {
		return ClientPage{}, err
	}
	client := store.Client{ID: strings.ToLower(rand.Text()[:16]), Workspace: c.Workspace.ID, Label: in.Label, TokenLife: in.TokenLife, Created: c.Now}
	clear := scim.NewToken()
	var first store.Secret
	if !in.NoSecret {
		first = store.Secret{ID: newID(), Client: client.ID, Hash: clear.Hash(), Created: c.Now, Expires: c.Now.Add(in.Life)}
	}
	c.Target(client.ID)
	if err := s.cfg.Store.CreateClient(ctx, client, first); err != nil {
		return ClientPage{}, err
	}
	if in.NoSecret {
		return s.client(ctx, c, tokenInput{client.ID})
	}
	return s.shown(ctx, c, client.ID, clear)
}

func (s *Section) revokeClient(ctx context.Context, c *console.Call, in tokenInput) (console.Done, error) {
	c.Target(in.ID)
	err := s.cfg.Store.RevokeClient(ctx, c.Workspace.ID, in.ID, c.Now)
	return console.Done{To: c.Path("provisioning.credentials"), Say: "The client is revoked, with its secrets and access tokens."}, gone(err, problem.UnknownClient)
}

type secretInput struct {
	ID   string        `json:"id"`
	Life time.Duration `json:"life"`
}

func (s *Section) addSecret(ctx context.Context, c *console.Call, in secretInput) (ClientPage, error) {
	if in.Life == 0 {
		in.Life = 365 * day
	}
	if in.Life < oauth.MinSecretLife || in.Life > oauth.MaxSecretLife {
		return ClientPage{}, console.Bad("life", "A secret is valid for a day to three years, such as 365d.")
	}
	clear := scim.NewToken()
	n := store.Secret{ID: newID(), Client: in.ID, Hash: clear.Hash(), Created: c.Now, Expires: c.Now.Add(in.Life)}
	c.Target(in.ID)
	c.Note("secret", n.ID)
	if err := s.cfg.Store.AddSecret(ctx, c.Workspace.ID, n); err != nil {
		return ClientPage{}, gone(err, problem.UnknownClient)
	}
	return s.shown(ctx, c, in.ID, clear)
}

type secretOf struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

func (s *Section) revokeSecret(ctx context.Context, c *console.Call, in secretOf) (console.Done, error) {
	p, err := s.client(ctx, c, tokenInput{in.ID})
	if err != nil {
		return console.Done{}, err
	}
	of := false
	for _, n := range p.Client.Secrets {
		of = of || n.ID == in.Secret
	}
	if !of {
		return console.Done{}, problem.New(problem.UnknownClient)
	}
	c.Target(in.ID)
	c.Note("secret", in.Secret)
	err = s.cfg.Store.RevokeSecret(ctx, c.Workspace.ID, in.Secret, c.Now)
	return console.Done{
		To: c.Path("provisioning.client", "id", in.ID), Say: "The secret is revoked, with the access tokens that were given for it.",
	}, gone(err, problem.UnknownClient)
}

type federationInput struct {
	ID       string `json:"id"`
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Audience string `json:"audience"`
	KeysURL  string `json:"jwks_url"`
}

// federate says whose tokens a client may prove itself by; an empty issuer means
// nobody's.
func (s *Section) federate(ctx context.Context, c *console.Call, in federationInput) (console.Done, error) {
	done := console.Done{To: c.Path("provisioning.client", "id", in.ID)}
	c.Target(in.ID)
	if in.Issuer == "" && in.Subject == "" && in.Audience == "" && in.KeysURL == "" {
		done.Say = "The client can prove itself by secrets only now."
		return done, gone(s.cfg.Store.SetFederation(ctx, c.Workspace.ID, in.ID, store.Federation{}, c.Now), problem.UnknownClient)
	}
	var wrong console.Faults
	if err := entra.CheckFederation(in.Issuer, in.KeysURL, s.cfg.LoopbackIssuers); err != nil {
		wrong = append(wrong, console.Bad("issuer", "%s.", upper(err.Error())))
	}
	for field, v := range map[string]string{"subject": in.Subject, "audience": in.Audience} {
		if v == "" || len(v) > 256 {
			wrong = append(wrong, console.Bad(field, "It is needed, and at most 256 characters long."))
		}
	}
	if err := wrong.Or(); err != nil {
		return done, err
	}
	c.Note("issuer", in.Issuer)
	done.Say = "The client may prove itself by tokens of that tenant now."
	fed := store.Federation{Issuer: in.Issuer, Subject: in.Subject, Audience: in.Audience, KeysURL: in.KeysURL}
	return done, gone(s.cfg.Store.SetFederation(ctx, c.Workspace.ID, in.ID, fed, c.Now), problem.UnknownClient)
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
