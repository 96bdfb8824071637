package signin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/saml"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// SetupStore is what setting up SAML asks of the server's memory.
type SetupStore interface {
	Workspace(ctx context.Context, id string) (directory.Workspace, error)
	SAML(ctx context.Context, workspace string) (directory.SAML, error)
	SAMLs(ctx context.Context) ([]directory.SAML, error)
	SAMLDue(ctx context.Context, now time.Time, limit int) ([]directory.SAML, error)
	UpdateSAML(ctx context.Context, workspace string, now time.Time, change func(*directory.SAML) ([]directory.Kind, error)) (directory.SAML, error)
	DeleteSAML(ctx context.Context, workspace string) error
	Exchange(ctx context.Context, take []store.TicketKey, put []store.Ticket, now time.Time) error
	Ticket(ctx context.Context, key store.TicketKey, now time.Time) (store.Ticket, error)
}

// SAMLSetup sets a workspace's SAML connection up. Commands, the refresher and
// the console use it. All fields are required but Key.
type SAMLSetup struct {
	Store SetupStore
	// PublicURL is the server's. While it is on loopback, endpoints of the
	// identity provider may be too.
	PublicURL *url.URL
	Fetcher   *Fetcher
	Now       func() time.Time
	// Key seals private keys: MinServerKey bytes or more, the same on every
	// server and for every command. Without it none are made, so that requests
	// are not signed and assertions not encrypted.
	Key []byte
}

// SAMLInput is what an administrator gives. Exactly one of the three sources
// may be set: MetadataURL, Metadata, or Certificate, Issuer and LoginURL. With
// none of them the provider stays as it is.
type SAMLInput struct {
	MetadataURL string
	// AnyHost allows MetadataURL to be at another host than MicrosoftHosts.
	AnyHost  bool
	Metadata []byte
	// EntityID chooses one of several providers in the metadata.
	EntityID string

	Certificate                 []byte
	Issuer, LoginURL, LogoutURL string

	// Judge, when set, may refuse what was found: it gets the connection with the
	// provider in it, and changes nothing.
	Judge func(directory.SAML) error

	// agreed, when set, is the entity ID that the metadata must name.
	agreed string

	// Change sets everything else. Nil changes nothing. It may run more than
	// once, and must not change Workspace, IdP, Certificates, Metadata or Keys.
	Change func(*directory.SAML) error
}

func (in SAMLInput) byHand() bool {
	return len(in.Certificate) > 0 || in.Issuer != "" || in.LoginURL != "" || in.LogoutURL != ""
}

// SAMLOutcome is what was found, and what is or would be stored.
type SAMLOutcome struct {
	SAML directory.SAML
	// Checked are sentences about what was checked, for "Connection
	// established". Warnings are for the administrator.
	Checked  []string
	Warnings []saml.Warning
	At       time.Time
}

// Check does all that Set does and stores nothing (row B11).
func (s *SAMLSetup) Check(ctx context.Context, workspace string, in SAMLInput) (SAMLOutcome, error) {
	found, err := s.find(ctx, workspace, in)
	if err != nil {
		return SAMLOutcome{}, err
	}
	c, err := s.Store.SAML(ctx, workspace)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return SAMLOutcome{}, fmt.Errorf("reading the connection: %w", err)
	}
	c.Workspace = workspace
	if _, err := found.apply(&c, in); err != nil {
		return SAMLOutcome{}, err
	}
	return s.outcome(ctx, c, found)
}

// Set sets a connection up, or changes it. It keeps what in does not name. The
// first time makes a key for encryption, if there is a Key to seal it with.
func (s *SAMLSetup) Set(ctx context.Context, workspace string, in SAMLInput) (SAMLOutcome, error) {
	found, err := s.find(ctx, workspace, in)
	if err != nil {
		return SAMLOutcome{}, err
	}
	if err := s.prepareKeys(ctx, workspace, in, &found); err != nil {
		return SAMLOutcome{}, err
	}
	c, err := s.Store.UpdateSAML(ctx, workspace, s.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		c.Workspace = workspace
		return found.apply(c, in)
	})
	if err != nil {
		return SAMLOutcome{}, unknownOr(err, "storing the connection")
	}
	return s.outcome(ctx, c, found)
}

// Show returns a workspace's connection. problem.SAMLNotSet means that there is
// none.
func (s *SAMLSetup) Show(ctx context.Context, workspace string) (SAMLOutcome, error) {
	c, err := s.Store.SAML(ctx, workspace)
	if err != nil {
		if _, werr := s.Store.Workspace(ctx, workspace); werr != nil {
			return SAMLOutcome{}, unknown(werr)
		}
		if errors.Is(err, store.ErrNotFound) {
			return SAMLOutcome{}, problem.Wrap(problem.SAMLNotSet, err)
		}
		return SAMLOutcome{}, fmt.Errorf("reading the connection: %w", err)
	}
	return s.outcome(ctx, c, finding{})
}

// Remove takes the connection away. Sessions stay until they expire.
func (s *SAMLSetup) Remove(ctx context.Context, workspace string) error {
	err := s.Store.DeleteSAML(ctx, workspace)
	if errors.Is(err, store.ErrNotFound) {
		return problem.Wrap(problem.SAMLNotSet, err)
	}
	return err
}

// Agree takes over that the metadata names another identity provider than
// before. entityID must be the one that was announced.
func (s *SAMLSetup) Agree(ctx context.Context, workspace, entityID string) (SAMLOutcome, error) {
	c, err := s.Store.SAML(ctx, workspace)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return SAMLOutcome{}, problem.Wrap(problem.SAMLNotSet, err)
	case err != nil:
		return SAMLOutcome{}, fmt.Errorf("reading the connection: %w", err)
	case c.Metadata.URL == "" || c.Metadata.ChangedEntityID == "" || c.Metadata.ChangedEntityID != entityID:
		return SAMLOutcome{}, problem.Detailf(problem.MetadataNotMember, "No change to this entity ID was announced.")
	}
	return s.Set(ctx, workspace, SAMLInput{MetadataURL: c.Metadata.URL, AnyHost: c.Metadata.AnyHost, EntityID: c.Metadata.EntityID, agreed: entityID})
}

// AddKey makes a new key of ours for a use (directory.KeyEncryption or
// KeySigning) and drops all but the newest before it: so the new certificate
// can be uploaded while what was encrypted for the old one is still read.
func (s *SAMLSetup) AddKey(ctx context.Context, workspace, use string) (directory.SAMLKey, error) {
	k, err := sealer{s.Key}.newKey(workspace, use, s.Now())
	if err != nil {
		return k, err
	}
	_, err = s.Store.UpdateSAML(ctx, workspace, s.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		if c.Version == 0 {
			return nil, problem.New(problem.SAMLNotSet)
		}
		var newest *directory.SAMLKey
		kept := []directory.SAMLKey{}
		for i := range c.Keys {
			if c.Keys[i].Use == use {
				newest = &c.Keys[i]
			} else {
				kept = append(kept, c.Keys[i])
			}
		}
		if newest != nil {
			kept = append(kept, *newest)
		}
		c.Keys = append(kept, k)
		return nil, nil
	})
	if err != nil {
		return directory.SAMLKey{}, unknownOr(err, "storing the key")
	}
	return k, nil
}

// finding is what a source said about the provider. Its zero value says nothing.
type finding struct {
	idp      *saml.IdentityProvider
	metadata directory.SAMLMetadata
	certs    []directory.SAMLCertificate
	newKeys  []directory.SAMLKey
	checked  []string
	warnings []saml.Warning
	now      time.Time
}

// find reads and judges the source, and stores nothing.
func (s *SAMLSetup) find(ctx context.Context, workspace string, in SAMLInput) (finding, error) {
	if _, err := s.Store.Workspace(ctx, workspace); err != nil {
		return finding{}, unknown(err)
	}
	now := s.Now().UTC()
	sources := 0
	for _, set := range []bool{in.MetadataURL != "", len(in.Metadata) > 0, in.byHand()} {
		if set {
			sources++
		}
	}
	switch {
	case sources > 1:
		return finding{}, problem.Detailf(problem.BadUsage, "Give the metadata's address, or the metadata, or the values by hand: one of them.")
	case in.MetadataURL != "":
		return s.findURL(ctx, in.MetadataURL, in.AnyHost, in.EntityID, "", now)
	case len(in.Metadata) > 0:
		return s.read(in.Metadata, saml.MetadataOptions{EntityID: in.EntityID, Now: now}, "metadata")
	case in.byHand():
		return s.findByHand(ctx, workspace, in, now)
	}
	return finding{now: now}, nil
}

// findURL fetches metadata and reads it. A document that has not changed since
// etag is a finding without a provider.
func (s *SAMLSetup) findURL(ctx context.Context, address string, anyHost bool, entityID, etag string, now time.Time) (finding, error) {
	got, err := s.Fetcher.Fetch(ctx, address, etag, anyHost)
	if err != nil {
		return finding{}, err
	}
	f := finding{now: now}
	if !got.NotModified {
		if f, err = s.read(got.Body, saml.MetadataOptions{Source: address, EntityID: entityID, Now: now}, "metadata"); err != nil {
			return finding{}, err
		}
		f.checked = append([]string{"The metadata was fetched from " + hostOf(address) + "."}, f.checked...)
	}
	f.metadata.URL, f.metadata.AnyHost, f.metadata.ETag = strings.TrimSpace(address), anyHost, got.ETag
	f.metadata.EntityID = entityID
	f.metadata.Refreshed, f.metadata.Tried = now, now
	f.metadata.Next = now.Add(jittered(refreshEvery))
	return f, nil
}

func hostOf(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return "the address"
	}
	return u.Host
}

func (s *SAMLSetup) read(raw []byte, o saml.MetadataOptions, source string) (finding, error) {
	o.AllowLoopbackHTTP = api.Loopback(s.PublicURL.Hostname())
	idp, warnings, err := saml.ParseMetadata(raw, o)
	if err != nil {
		return finding{}, err
	}
	f := finding{idp: idp, warnings: warnings, now: o.Now}
	f.metadata.ValidUntil = idp.ValidUntil
	f.certs = dated(idp.Certificates, source, o.Now)
	f.checked = describe(idp, o.Now)
	return f, nil
}

// findByHand judges what was typed. What was not given stays as it is.
func (s *SAMLSetup) findByHand(ctx context.Context, workspace string, in SAMLInput, now time.Time) (finding, error) {
	c, err := s.Store.SAML(ctx, workspace)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return finding{}, fmt.Errorf("reading the connection: %w", err)
	}
	idp := idpOf(c.IdP)
	var warnings []saml.Warning
	for _, old := range c.Certificates {
		if x, err := x509.ParseCertificate(old.DER); err == nil {
			idp.Certificates = append(idp.Certificates, x)
		}
	}
	if len(in.Certificate) > 0 {
		if idp.Certificates, warnings, err = saml.ParseCertificates(in.Certificate, now); err != nil {
			return finding{}, err
		}
	}
	if in.Issuer != "" {
		idp.EntityID, idp.TenantID = strings.TrimSpace(in.Issuer), ""
	}
	if in.LoginURL != "" {
		idp.SSORedirect, idp.SSOPost = strings.TrimSpace(in.LoginURL), strings.TrimSpace(in.LoginURL)
	}
	usual := ""
	if idp.SSORedirect == "" && idp.SSOPost == "" {
		if usual = saml.TenantLoginURL(idp.EntityID); usual != "" {
			idp.SSORedirect, idp.SSOPost = usual, usual
		}
	}
	if in.LogoutURL != "" {
		idp.SLORedirect, idp.SLOPost, idp.SLOResponse = strings.TrimSpace(in.LogoutURL), "", ""
	}
	mended, more, err := idp.Validate(saml.MetadataOptions{AllowLoopbackHTTP: api.Loopback(s.PublicURL.Hostname()), Now: now})
	if err != nil {
		return finding{}, err
	}
	f := finding{
		idp: &mended, certs: dated(mended.Certificates, "pasted", now), now: now,
		warnings: append(warnings, more...), checked: describe(&mended, now),
	}
	if usual != "" {
		f.checked = append(f.checked, "No Login URL was given; that of the tenant is "+usual+".")
	}
	return f, nil
}

func dated(certs []*x509.Certificate, source string, now time.Time) []directory.SAMLCertificate {
	var all []directory.SAMLCertificate
	for _, c := range certs {
		all = append(all, directory.SAMLCertificate{DER: c.Raw, Source: source, Added: now})
	}
	return all
}

// describe says what was checked about a provider.
func describe(idp *saml.IdentityProvider, now time.Time) []string {
	out := []string{"The issuer is " + idp.EntityID + "."}
	if idp.TenantID != "" {
		out = append(out, "The tenant is "+idp.TenantID+".")
	}
	for _, c := range idp.Certificates {
		days := int(c.NotAfter.Sub(now) / (24 * time.Hour))
		out = append(out, fmt.Sprintf("The certificate %s is valid for %d days, until %s, and signs with %s.",
			fingerprint(c.Raw), days, c.NotAfter.UTC().Format(time.DateOnly), c.PublicKeyAlgorithm))
	}
	if idp.SSORedirect != "" {
		out = append(out, "Sign-in goes to "+idp.SSORedirect+".")
	} else {
		out = append(out, "Sign-in goes to "+idp.SSOPost+" by POST.")
	}
	return out
}

// fingerprint is the SHA-256 of a certificate, shortened for people.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return fmt.Sprintf("%X", sum[:8])
}

// apply puts what was found, and what else the administrator wants, into c. It
// returns what happened.
func (f finding) apply(c *directory.SAML, in SAMLInput) ([]directory.Kind, error) {
	var kinds []directory.Kind
	if f.idp != nil {
		if in.agreed != "" && f.idp.EntityID != in.agreed {
			return nil, problem.Detailf(problem.MetadataChanged, "It changed once more since it was announced.")
		}
		if c.Version > 0 && !sameCertificates(c.Certificates, f.certs) {
			kinds = append(kinds, directory.SAMLCertificates)
		}
		if c.Version > 0 && c.IdP.EntityID != f.idp.EntityID {
			kinds = append(kinds, directory.SAMLEntityID)
		}
		if c.Version == 0 || c.IdP.EntityID != f.idp.EntityID {
			c.Type = directory.SAMLGeneric
			if f.idp.TenantID != "" {
				c.Type = directory.SAMLEntra
			}
		}
		c.IdP = storedIdP(*f.idp)
		if in.Judge != nil {
			if err := in.Judge(*c); err != nil {
				return nil, err
			}
		}
		c.Certificates = keepDates(c.Certificates, f.certs)
		c.Metadata = f.metadata
		c.Tested, c.TestedHash = time.Time{}, ""
	}
	for _, k := range f.newKeys {
		if !slices.ContainsFunc(c.Keys, func(have directory.SAMLKey) bool { return have.Use == k.Use }) {
			c.Keys = append(c.Keys, k)
		}
	}
	if in.Change != nil {
		before := *c
		if err := in.Change(c); err != nil {
			return nil, err
		}
		c.Workspace, c.IdP, c.Certificates, c.Metadata, c.Keys = before.Workspace, before.IdP, before.Certificates, before.Metadata, before.Keys
		c.Tested, c.TestedHash = time.Time{}, ""
	}
	if err := checkSAML(*c); err != nil {
		return nil, err
	}
	if !usable(*c) {
		return nil, problem.Detailf(problem.SAMLNotSet, "%s.", missing(*c))
	}
	return kinds, nil
}

func missing(c directory.SAML) string {
	var m []string
	if c.IdP.EntityID == "" {
		m = append(m, "the issuer")
	}
	if c.IdP.SSORedirect == "" && c.IdP.SSOPost == "" {
		m = append(m, "the login address")
	}
	if len(c.Certificates) == 0 {
		m = append(m, "the signing certificate")
	}
	return "Missing: " + strings.Join(m, ", ")
}

func sameCertificates(a, b []directory.SAMLCertificate) bool {
	return slices.EqualFunc(a, b, func(x, y directory.SAMLCertificate) bool { return bytes.Equal(x.DER, y.DER) })
}

// keepDates returns next with the dates at which we first saw each.
func keepDates(had, next []directory.SAMLCertificate) []directory.SAMLCertificate {
	for i := range next {
		for _, h := range had {
			if bytes.Equal(h.DER, next[i].DER) {
				next[i].Added = h.Added
			}
		}
	}
	return next
}

// prepareKeys makes the keys of ours that the connection will need and does not
// have. It takes a while, so it happens before the transaction.
func (s *SAMLSetup) prepareKeys(ctx context.Context, workspace string, in SAMLInput, f *finding) error {
	if len(s.Key) == 0 {
		return nil
	}
	c, err := s.Store.SAML(ctx, workspace)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reading the connection: %w", err)
	}
	if in.Change != nil {
		if err := in.Change(&c); err != nil {
			return err
		}
	}
	uses := []string{directory.KeyEncryption}
	if c.SignRequests {
		uses = append(uses, directory.KeySigning)
	}
	for _, use := range uses {
		if slices.ContainsFunc(c.Keys, func(k directory.SAMLKey) bool { return k.Use == use }) {
			continue
		}
		k, err := sealer{s.Key}.newKey(workspace, use, s.Now())
		if err != nil {
			return err
		}
		f.newKeys = append(f.newKeys, k)
	}
	return nil
}

// outcome adds what only shows beside other connections.
func (s *SAMLSetup) outcome(ctx context.Context, c directory.SAML, f finding) (SAMLOutcome, error) {
	out := SAMLOutcome{SAML: c, Checked: f.checked, Warnings: f.warnings, At: s.Now().UTC()}
	all, err := s.Store.SAMLs(ctx)
	if err != nil {
		return SAMLOutcome{}, fmt.Errorf("reading the connections: %w", err)
	}
	id := EntityIDOf(s.PublicURL, c, c.Workspace)
	for _, other := range all {
		if other.Workspace != c.Workspace && other.IdP.EntityID == c.IdP.EntityID && EntityIDOf(s.PublicURL, other, other.Workspace) == id {
			out.Warnings = append(out.Warnings, saml.Warning{
				Code:   problem.SAMLAudience,
				Detail: fmt.Sprintf("Workspace %q has the same entity ID with the same identity provider: Microsoft Entra refuses a second application of one Identifier in a tenant.", other.Workspace),
				Field:  "Basic SAML Configuration → Identifier (Entity ID)",
			})
		}
	}
	return out, nil
}

func unknownOr(err error, doing string) error {
	var p *problem.Error
	switch {
	case errors.Is(err, store.ErrNotFound):
		return problem.Wrap(problem.UnknownWorkspace, err)
	case errors.As(err, &p):
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
