package samlsso

import (
	"context"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// SetUp is Entra's part 4.
type SetUp struct {
	Wizard
	Ways []Way `json:"ways"`
	// Provider is nil until part 3 is done.
	Provider      *Provider `json:"provider,omitempty"`
	UserAccessURL string    `json:"user_access_url"`
}

// Head is that of a page.
func (p SetUp) Head() console.Head { return p.head() }

func (s *Section) values(ctx context.Context, c *console.Call, _ struct{}) (SetUp, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return SetUp{}, err
	}
	part, err := st.part("Sign-in by SAML")
	if err != nil {
		return SetUp{}, err
	}
	p := SetUp{Wizard: st.wizard(c, "values"), Ways: waysOf(part), UserAccessURL: st.conn.UserAccessURL}
	if st.exists() {
		known, err := provider(st.conn, c.Now)
		if err != nil {
			return p, err
		}
		p.Provider = &known
	}
	return p, nil
}

type valuesForm struct {
	form
	UserAccessURL string `json:"user_access_url"`
}

func (s *Section) saveValues(ctx context.Context, c *console.Call, in valuesForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.Done{}, err
	}
	if err := st.open(c); err != nil {
		return console.Done{}, err
	}
	if !st.exists() {
		return console.Done{}, partFirst()
	}
	if address := strings.TrimSpace(in.UserAccessURL); address != st.conn.UserAccessURL {
		out, err := s.change(ctx, c, st, in.Seen, signin.SAMLInput{}, func(n *directory.SAML) { n.UserAccessURL = address })
		if err != nil {
			return console.Done{}, onField("user_access_url", err)
		}
		st.conn = out.SAML
	}
	return after(c, "values", "Saved."), s.saveDraft(ctx, c, st, store.AnyVersion, "values", nil)
}
