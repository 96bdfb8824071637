package enforce

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// BeforeSetting is the kind of the setting that a Before is kept under. It holds
// sealed keys, so that no copy of a workspace gets it.
const BeforeSetting = "saml.before" + store.SecretKind

// Before is the connection of a workspace as it was when a set-up began.
type Before struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
	// Connection is nil where there was none.
	Connection *directory.SAML `json:"connection,omitempty"`
	Created    time.Time       `json:"created,omitzero"`
	Modified   time.Time       `json:"modified,omitzero"`
}

var errBegun = errors.New("a set-up is under way")

// Begin remembers the connection as it is now, so that Cancel can put it back.
// Where a set-up is under way already, what was remembered stays.
func (d *Desk) Begin(ctx context.Context, workspace, who string) error {
	for {
		err := d.begin(ctx, workspace, who)
		if !errors.Is(err, store.ErrConflict) { // another set-up came or went meanwhile
			return err
		}
	}
}

func (d *Desk) begin(ctx context.Context, workspace, who string) error {
	b := Before{At: d.Now().UTC(), By: who}
	_, version, err := store.ReadSetting[Before](ctx, d.Store, workspace, BeforeSetting)
	if err != nil {
		return err
	}
	c, err := d.Store.SAML(ctx, workspace)
	switch {
	case err == nil:
		b.Connection, b.Created, b.Modified = &c, c.Created, c.Modified
	case !errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("reading the connection: %w", err)
	}
	_, _, err = store.ChangeSetting(store.WithoutAudit(ctx), d.Store, workspace, BeforeSetting, store.SettingChange{Version: version, Who: who, Now: d.Now()}, func(was *Before) error {
		if !was.At.IsZero() {
			return errBegun
		}
		*was = b
		return nil
	})
	if errors.Is(err, errBegun) {
		return nil
	}
	return unknown(err)
}

// Begun returns what was there before the set-up that is under way. The zero
// Before means that none is.
func (d *Desk) Begun(ctx context.Context, workspace string) (Before, error) {
	b, _, err := d.begun(ctx, workspace)
	return b, err
}

// begun is Begun, with the version of what is remembered.
func (d *Desk) begun(ctx context.Context, workspace string) (Before, int64, error) {
	b, version, err := store.ReadSetting[Before](ctx, d.Store, workspace, BeforeSetting)
	if b.Connection != nil {
		b.Connection.Workspace, b.Connection.Created, b.Connection.Modified = workspace, b.Created, b.Modified
	}
	return b, version, err
}

// Cancel ends the set-up that is under way and puts everything back as it was
// before (row C3). While single sign-on is enforced that must not be a connection
// that nobody can sign in by: problem.SSOEnforced. Where the set-up was ended by
// somebody else meanwhile, or enabled, it is problem.ChangedSince.
func (d *Desk) Cancel(ctx context.Context, workspace, who string) error {
	b, version, err := d.begun(ctx, workspace)
	switch {
	case err != nil:
		return err
	case b.At.IsZero():
		return problem.New(problem.SSONoSnapshot)
	}
	r := store.SAMLRestore{Before: b.Connection, From: BeforeSetting, Version: version, Clear: setupKinds}
	err = d.Store.RestoreSAML(ctx, workspace, who, d.Now(), r, func(e directory.Enforcement) error {
		return when(e.Enforced && (b.Connection == nil || b.Connection.Disabled), problem.SSOEnforced)
	})
	if errors.Is(err, store.ErrConflict) {
		return problem.Wrap(problem.ChangedSince, err)
	}
	return unknown(err)
}

// Keep ends the set-up that is under way and keeps what is there.
func (d *Desk) Keep(ctx context.Context, workspace, who string) error {
	return d.change(ctx, workspace, who, setupKinds, func(n *store.SSO) error { return tested(n.Connection) })
}

// slack is how far clocks may differ from those of whoever makes certificates.
const slack = 5 * time.Minute

// valid says whether one of the certificates is valid at a time.
func valid(all []directory.SAMLCertificate, now time.Time) error {
	code := problem.SAMLCertificateExpired
	for _, c := range all {
		x, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return fmt.Errorf("a stored certificate: %w", err)
		}
		switch {
		case now.After(x.NotAfter):
		case now.Add(slack).Before(x.NotBefore):
			code = problem.SAMLCertificateNotYet
		default:
			return nil
		}
	}
	return problem.New(code)
}
