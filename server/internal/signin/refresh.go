package signin

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// How often metadata is read (row B18): every 12 hours, give or take a tenth; at
// most every 5 minutes where a key was not known or a reading failed.
const (
	refreshEvery = 12 * time.Hour
	refreshLeast = 5 * time.Minute
	// dueAtOnce bounds one round of Run.
	dueAtOnce = 50
)

// warningDays are the days before a certificate's end at which it is warned of,
// once each: Entra's own, and the day before.
var warningDays = []int{60, 30, 7, 1}

// jittered spreads d, so that many connections are not refreshed at once.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5)
}

// Refresher keeps what connections know of their identity providers up to date,
// and warns of certificates that end. Several servers may each run one: who
// reads a document is settled in the database. All fields are required.
type Refresher struct {
	Setup *SAMLSetup
	Log   *slog.Logger

	mu      sync.Mutex
	running map[string]*reading
}

// reading is a document that is being read, for all who wait for it.
type reading struct {
	done chan struct{}
	conn directory.SAML
}

// errNotDue: another server reads the document, or did a moment ago.
var errNotDue = errors.New("not due")

// errStale: the connection was set up anew while the document was read.
var errStale = errors.New("set up anew meanwhile")

// Run refreshes what is due once a minute, and warns once an hour, until ctx
// ends.
func (f *Refresher) Run(ctx context.Context) error {
	t := time.NewTicker(time.Minute)
	defer t.Stop()
	var warned time.Time
	for {
		f.Due(ctx)
		if now := f.Setup.Now(); now.Sub(warned) >= time.Hour {
			warned = now
			f.Warn(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Due refreshes the connections whose time has come.
func (f *Refresher) Due(ctx context.Context) {
	due, err := f.Setup.Store.SAMLDue(ctx, f.Setup.Now(), dueAtOnce)
	if err != nil {
		f.complain(ctx, "SAML connections could not be read", "", err)
		return
	}
	for _, c := range due {
		if ctx.Err() != nil {
			return
		}
		f.refresh(ctx, c.Workspace, false)
	}
}

// UnknownKey reads the metadata of a connection again, after a signature that no
// pinned key made. It returns the connection as it is then, and whether the
// certificates are others than in c. Many callers at once cause one reading,
// and there is at most one in five minutes.
func (f *Refresher) UnknownKey(ctx context.Context, c directory.SAML) (directory.SAML, bool) {
	now := f.refresh(ctx, c.Workspace, true)
	if now.Version == 0 {
		return c, false
	}
	return now, !now.Disabled && !sameCertificates(c.Certificates, now.Certificates)
}

// refresh reads one connection's metadata, for all who ask at the same time. It
// returns the connection afterwards, or one of version 0.
func (f *Refresher) refresh(ctx context.Context, workspace string, unknownKey bool) directory.SAML {
	f.mu.Lock()
	if r := f.running[workspace]; r != nil {
		f.mu.Unlock()
		select {
		case <-r.done:
			return r.conn
		case <-ctx.Done():
			return directory.SAML{}
		}
	}
	r := &reading{done: make(chan struct{})}
	if f.running == nil {
		f.running = map[string]*reading{}
	}
	f.running[workspace] = r
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.running, workspace)
		f.mu.Unlock()
		close(r.done)
	}()
	// Whoever asked may go away; those who wait with them must not suffer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*fetchTime)
	defer cancel()
	r.conn = f.read(ctx, workspace, unknownKey)
	return r.conn
}

// read takes the turn, fetches, and stores what came of it.
func (f *Refresher) read(ctx context.Context, workspace string, unknownKey bool) directory.SAML {
	s := f.Setup
	taken, err := s.Store.UpdateSAML(ctx, workspace, s.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		m := &c.Metadata
		now := s.Now().UTC()
		switch {
		case m.URL == "", !unknownKey && now.Before(m.Next):
			return nil, errNotDue
		case unknownKey && now.Sub(m.Sought) < refreshLeast:
			return nil, errNotDue
		case unknownKey:
			m.Sought = now
		}
		m.Tried, m.Next, m.Failure = now, now.Add(refreshLeast), ""
		return nil, nil
	})
	if errors.Is(err, errNotDue) {
		return f.await(ctx, workspace)
	}
	if err != nil {
		f.complain(ctx, "a SAML connection could not be read", workspace, err)
		return directory.SAML{}
	}
	found, ferr := s.findURL(ctx, taken.Metadata.URL, taken.Metadata.AnyHost, taken.Metadata.EntityID, taken.Metadata.ETag, s.Now().UTC())
	after, err := s.Store.UpdateSAML(ctx, workspace, s.Now(), func(c *directory.SAML) ([]directory.Kind, error) {
		if c.Metadata.URL != taken.Metadata.URL || c.Metadata.AnyHost != taken.Metadata.AnyHost {
			return nil, errStale
		}
		return found.refreshed(c, ferr)
	})
	if err != nil {
		if !errors.Is(err, errStale) {
			f.complain(ctx, "refreshed metadata could not be stored", workspace, err)
		}
		return taken
	}
	f.tell(ctx, taken, after, ferr)
	return after
}

// awaitEvery is how often a replica looks whether another has read a document.
const awaitEvery = 50 * time.Millisecond

// await returns the connection, after the reading that another server may be
// doing right now.
func (f *Refresher) await(ctx context.Context, workspace string) directory.SAML {
	t := time.NewTicker(awaitEvery)
	defer t.Stop()
	for {
		c, err := f.Setup.Store.SAML(ctx, workspace)
		if err != nil {
			f.complain(ctx, "a SAML connection could not be read", workspace, err)
			return directory.SAML{}
		}
		m := c.Metadata
		ended := m.Refreshed.Equal(m.Tried) || m.Failure != "" || f.Setup.Now().Sub(m.Tried) > fetchTime
		if ended {
			return c
		}
		select {
		case <-ctx.Done():
			return c
		case <-t.C:
		}
	}
}

// refreshed puts what a reading found into c, or why there is nothing. Another
// entity ID is announced and nothing is taken over until somebody agrees. A
// certificate that is no longer listed is dropped; those that the administrator
// pasted never were in the metadata.
func (f finding) refreshed(c *directory.SAML, why error) ([]directory.Kind, error) {
	m := &c.Metadata
	if why != nil {
		code, _ := problem.Of(why)
		m.Failure = string(code)
		return nil, nil
	}
	m.Failure, m.Refreshed, m.Next, m.ETag = "", m.Tried, f.metadata.Next, f.metadata.ETag
	if f.idp == nil { // not modified
		return nil, nil
	}
	if f.idp.EntityID != c.IdP.EntityID {
		m.Failure, m.ETag = string(problem.MetadataChanged), ""
		if m.ChangedEntityID == f.idp.EntityID {
			return nil, nil
		}
		m.ChangedEntityID = f.idp.EntityID
		return []directory.Kind{directory.SAMLEntityID}, nil
	}
	m.ChangedEntityID, m.ValidUntil = "", f.metadata.ValidUntil
	c.IdP = storedIdP(*f.idp)
	if sameCertificates(c.Certificates, f.certs) {
		return nil, nil
	}
	c.Certificates = keepDates(c.Certificates, f.certs)
	return []directory.Kind{directory.SAMLCertificates}, nil
}

// tell logs what a reading changed.
func (f *Refresher) tell(ctx context.Context, before, after directory.SAML, why error) {
	switch {
	case why != nil:
		f.Log.WarnContext(ctx, "metadata could not be refreshed", "workspace", after.Workspace, "code", after.Metadata.Failure, "error", why)
	case after.Metadata.ChangedEntityID != "":
		f.Log.ErrorContext(ctx, "metadata names another identity provider; nothing was taken over until an administrator agrees",
			"workspace", after.Workspace, "entity_id", after.IdP.EntityID, "changed_entity_id", after.Metadata.ChangedEntityID)
	case !sameCertificates(before.Certificates, after.Certificates):
		var prints []string
		for _, c := range after.Certificates {
			prints = append(prints, fingerprint(c.DER))
		}
		f.Log.WarnContext(ctx, "the identity provider's signing certificates changed", "workspace", after.Workspace, "certificates", prints)
	}
}

func (f *Refresher) complain(ctx context.Context, what, workspace string, err error) {
	if ctx.Err() == nil {
		f.Log.ErrorContext(ctx, what, "workspace", workspace, "error", err)
	}
}

// Warn announces certificates of identity providers that end within 60, 30, 7
// and 1 days, once each, in the log and as an event.
func (f *Refresher) Warn(ctx context.Context) {
	all, err := f.Setup.Store.SAMLs(ctx)
	if err != nil {
		f.complain(ctx, "SAML connections could not be read", "", err)
		return
	}
	now := f.Setup.Now()
	for _, c := range all {
		if len(ending(c, now)) == 0 {
			continue
		}
		var told []expiry
		_, err := f.Setup.Store.UpdateSAML(ctx, c.Workspace, now, func(c *directory.SAML) ([]directory.Kind, error) {
			if told = ending(*c, now); len(told) == 0 {
				return nil, errNotDue
			}
			for _, e := range told {
				c.Warned = append(c.Warned, e.mark)
			}
			return []directory.Kind{directory.SAMLExpiring}, nil
		})
		if err != nil {
			if !errors.Is(err, errNotDue) {
				f.complain(ctx, "an expiry warning could not be stored", c.Workspace, err)
			}
			continue
		}
		for _, e := range told {
			level := slog.LevelWarn
			if e.days <= 7 {
				level = slog.LevelError
			}
			f.Log.Log(ctx, level, "a signing certificate of the identity provider expires soon",
				"workspace", c.Workspace, "certificate", e.print, "days", e.days, "until", e.until.Format(time.DateOnly))
		}
	}
}

// expiry is a warning that is due.
type expiry struct {
	print, mark string
	days        int
	until       time.Time
}

// ending returns the warnings of a connection that are due and were not given.
// Of several thresholds that were passed at once only the last counts. A
// certificate is not warned of while another one lasts longer.
func ending(c directory.SAML, now time.Time) []expiry {
	var last *x509.Certificate
	for _, stored := range c.Certificates {
		x, err := x509.ParseCertificate(stored.DER)
		if err == nil && (last == nil || x.NotAfter.After(last.NotAfter)) {
			last = x
		}
	}
	if last == nil {
		return nil
	}
	left := last.NotAfter.Sub(now)
	threshold := 0
	for _, days := range warningDays {
		if left <= time.Duration(days)*24*time.Hour {
			threshold = days
		}
	}
	sum := sha256.Sum256(last.Raw)
	mark := hex.EncodeToString(sum[:8]) + "/" + strconv.Itoa(threshold)
	if threshold == 0 || left <= 0 || slices.Contains(c.Warned, mark) {
		return nil
	}
	return []expiry{{fingerprint(last.Raw), mark, int(left / (24 * time.Hour)), last.NotAfter.UTC()}}
}
