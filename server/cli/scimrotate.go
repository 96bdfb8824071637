package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// scimTokenRotateCmd replaces a token. Both work during the overlap, so that
// nothing is refused while somebody copies the new one into Entra.
type scimTokenRotateCmd struct {
	dbFlags
	ID        string  `arg:"" help:"The old token's id, from the list."`
	Workspace string  `name:"workspace" required:"" placeholder:"ID" help:"The workspace."`
	Overlap   string  `name:"overlap" default:"7d" placeholder:"7d" help:"How long the old token goes on working."`
	Expires   string  `name:"expires" placeholder:"365d" help:"How long the new one is valid. Default: until revoked."`
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL), to print the Tenant URL."`
}

func (t scimTokenRotateCmd) Run(c *command) error {
	overlap, err := parseDuration("--overlap", t.Overlap)
	if err != nil {
		return err
	}
	var life time.Duration
	if t.Expires != "" {
		if life, err = parseDuration("--expires", t.Expires); err != nil {
			return err
		}
		if life <= overlap {
			return problem.Detailf(problem.BadUsage, "--expires %q is not longer than the overlap, %s.", t.Expires, t.Overlap)
		}
	}
	set, err := c.resolve(t.Config, map[string]*string{keyDB: t.DB, keyPublicURL: t.PublicURL})
	if err != nil {
		return err
	}
	st, err := c.openStore(c.ctx, set[keyDB], false)
	if err != nil {
		return err
	}
	defer st.Close()
	ws, err := c.workspace(st, t.Workspace)
	if err != nil {
		return err
	}
	base, err := set.tenantURL(ws.ID)
	if err != nil {
		return err
	}
	old, err := c.findToken(st, ws.ID, t.ID)
	if err != nil {
		return err
	}
	secret, now := scim.NewToken(), c.opt.Now()
	next := store.Token{ID: strings.ToLower(rand.Text()[:10]), Workspace: ws.ID, Label: old.Label, Hash: secret.Hash(), Created: now}
	if life > 0 {
		next.Expires = now.Add(life)
	}
	err = st.RotateToken(c.ctx, ws.ID, old.ID, next, now.Add(overlap))
	if errors.Is(err, store.ErrNotFound) {
		return problem.Detailf(problem.UnknownToken, "token %q has expired or is revoked; make a new one with: lanyardd scim token create --workspace %s", old.ID, ws.ID)
	}
	if err != nil {
		return fmt.Errorf("rotating the token: %w", err)
	}
	c.sayToken(ws, next, set, base)
	c.say("The old token (%s) works for another %s. Put the new one into Entra before that.", old.ID, t.Overlap)
	if c.json {
		d := tokenJSON(next, now)
		d.Token, d.TenantURL = secret.Reveal(), base
		return c.printJSON(d)
	}
	_, err = fmt.Fprintln(c.out, secret.Reveal())
	return err
}

// findToken returns a token of a workspace by its id.
func (c *command) findToken(st *store.Store, workspace, id string) (store.Token, error) {
	if scim.WellFormed(id) {
		return store.Token{}, problem.Detailf(problem.BadUsage, "That is the token itself, which now stands in your shell's history: name it by its id.")
	}
	all, err := st.Tokens(c.ctx, workspace)
	if err != nil {
		return store.Token{}, fmt.Errorf("listing tokens: %w", err)
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return store.Token{}, problem.Detailf(problem.UnknownToken, "token %q is not one of workspace %q.", id, workspace)
}

// soon is when the end of a credential is worth a word.
const soon = 60 * 24 * time.Hour

// left warns of a credential that ends within sixty days.
func left(expires, revoked, now time.Time) string {
	rest := expires.Sub(now)
	if expires.IsZero() || !revoked.IsZero() || rest <= 0 || rest > soon {
		return ""
	}
	if days := int(rest / (24 * time.Hour)); days > 1 {
		return fmt.Sprintf(", %d days left", days)
	}
	return fmt.Sprintf(", %d hours left", int(rest/time.Hour))
}
