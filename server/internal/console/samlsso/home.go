package samlsso

import (
	"cmp"
	"context"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/signin"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Home is the connection as it is, and how to go on.
type Home struct {
	Connection
	// Continue leads to the step to go on with, "step n of N"; "" where no set-up
	// is under way.
	Continue string `json:"-"`
	Number   int    `json:"number,omitempty"`
	Of       int    `json:"of,omitempty"`
	// Changing: what is in use was changed since, by whom, when; Keep is possible.
	Changing  bool      `json:"changing"`
	ChangedBy string    `json:"changed_by,omitempty"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
	Locked    bool      `json:"-"`
	Seen      string    `json:"seen"`
	// Contact is whom to ask to turn enforcement off.
	Contact    string `json:"contact,omitempty"`
	ContactURL string `json:"contact_url,omitempty"`
}

// Head is that of a page.
func (p Home) Head() console.Head {
	return console.Head{Title: "Single sign-on (SAML)", Template: "saml/home.html", Nav: "saml"}
}

// Connection is a workspace's connection.
type Connection struct {
	Workspace string `json:"workspace"`
	// State is not_set, draft, tested, on or enforced; Title and Badge show it.
	State       string                `json:"state"`
	Title       string                `json:"-"`
	Badge       string                `json:"-"`
	Broken      []note                `json:"broken,omitempty"`
	EntityID    string                `json:"entity_id"`
	URLs        signin.SAMLURLs       `json:"urls"`
	Type        string                `json:"type"`
	Provider    *Provider             `json:"provider,omitempty"`
	Keys        []Certificate         `json:"keys"`
	Settings    []Setting             `json:"settings"`
	Notes       []note                `json:"notes,omitempty"`
	Tested      time.Time             `json:"tested,omitzero"`
	TestedNow   bool                  `json:"tested_now"`
	Enforcement directory.Enforcement `json:"enforcement"`
	// NewEntityID waits for somebody to agree.
	NewEntityID string `json:"new_entity_id,omitempty"`
	// Sealing: keys of this side can be made.
	Sealing bool `json:"sealing"`
}

// Setting is one line of what is set.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Risky: it makes sign-in less safe.
	Risky bool `json:"risky,omitempty"`
}

func (s *Section) home(ctx context.Context, c *console.Call, _ struct{}) (Home, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return Home{}, err
	}
	p := Home{Locked: st.open(c) != nil, Seen: st.seen()}
	if p.Connection, err = s.connection(st); err != nil {
		return p, err
	}
	if p.Contact, p.ContactURL, err = s.contact(ctx, c.Workspace.ID); err != nil {
		return p, err
	}
	if st.begun() {
		var id string
		id, p.Number, p.Of = st.position()
		p.Changing, p.ChangedBy, p.ChangedAt = st.live(), st.before.By, st.before.At
		if !p.Changing {
			p.Continue = c.Path("saml." + id)
		}
	} else if st.exists() && !st.live() {
		p.Continue, p.Number, p.Of = c.Path("saml.enable"), len(steps), len(steps)
		if !st.conn.TestedNow() {
			p.Continue, p.Number = c.Path("saml.test"), len(steps)-1
		}
	}
	return p, nil
}

// connection describes what is there.
func (s *Section) connection(st state) (Connection, error) {
	n := st.conn
	p := Connection{
		Workspace: st.ws.ID, EntityID: st.entityID(), URLs: signin.URLsOf(st.base, st.ws.ID), Type: string(cmp.Or(n.Type, directory.SAMLEntra)),
		Keys: []Certificate{}, Notes: notesOf(st.warnings), Tested: n.Tested, TestedNow: n.TestedNow(), Enforcement: st.enforced,
		NewEntityID: n.Metadata.ChangedEntityID, Sealing: len(s.cfg.Setup.Key) > 0,
	}
	p.State, p.Title, p.Badge = st.standing()
	if !st.exists() {
		return p, nil
	}
	known, err := provider(n, st.now)
	if err != nil {
		return p, err
	}
	p.Provider = &known
	for _, k := range slices.Backward(n.Keys) {
		one, err := certificateOf(k.Certificate, k.Use, "", st.now)
		if err != nil {
			return p, err
		}
		one.ID = k.ID
		p.Keys = append(p.Keys, one)
	}
	p.Settings = settingsOf(n)
	p.Broken = broken(n, known)
	return p, nil
}

// standing is the state in a word, as it is shown, and its colour.
func (st state) standing() (word, shown, badge string) {
	switch {
	case !st.exists() && !st.begun():
		return "not_set", "Not configured", "off"
	case st.enforced.Enforced && st.live():
		return "enforced", "Enabled for everybody", "good"
	case st.enforced.Enforced:
		return "enforced", "Enabled, and switched off", "bad"
	case st.live():
		return "on", "Enabled", "good"
	case st.conn.TestedNow():
		return "tested", "Tested", "info"
	}
	return "draft", "Draft", "warn"
}

// broken says what keeps people from signing in, or soon will.
func broken(n directory.SAML, p Provider) []note {
	var all []note
	add := func(code problem.Code, detail string) {
		t := problem.Lookup(code)
		all = append(all, note{Code: code, Sentence: t.Sentence, Detail: detail, Next: t.Next})
	}
	if m := n.Metadata; m.ChangedEntityID == "" && m.Failure != "" {
		add(problem.Code(m.Failure), "The metadata could not be read when it was last tried. What was read before stays in use.")
	}
	worst, best := "good", "bad"
	for _, k := range p.Certificates {
		if k.State != "good" {
			worst = k.State
		}
		if k.State == "good" || k.State == "warn" && best == "bad" {
			best = k.State
		}
	}
	switch {
	case best == "bad":
		add(problem.SAMLCertificateExpired, "")
	case best == "warn" && worst != "good":
		add(problem.SAMLCertificateExpiring, "")
	}
	return all
}

// refresh reads the metadata now.
func (s *Section) refresh(ctx context.Context, c *console.Call, _ struct{}) (outcome, error) {
	out, err := s.cfg.Setup.Refresh(ctx, c.Workspace.ID)
	if err != nil {
		return outcome{}, err
	}
	done := outcome{
		Done: console.Done{To: c.Path("saml.home"), Say: "The metadata was read again. " + Established + "."}, Result: Established,
		At: out.At, Checked: out.Checked, Notes: notesOf(out.Warnings),
	}
	done.Provider, err = provider(out.SAML, c.Now)
	return done, err
}

type agreeForm struct {
	EntityID string `json:"entity_id"`
}

// agree takes over that the metadata names another identity provider.
func (s *Section) agree(ctx context.Context, c *console.Call, in agreeForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err == nil {
		err = st.open(c)
	}
	if err == nil {
		err = s.cfg.Desk.Begin(ctx, c.Workspace.ID, c.Me.Called())
	}
	if err != nil {
		return console.Done{}, err
	}
	c.Note("entity_id", in.EntityID)
	if _, err := s.cfg.Setup.Agree(ctx, c.Workspace.ID, in.EntityID); err != nil {
		return console.Done{}, err
	}
	return console.Done{To: c.Path("saml.home"), Say: "The new entity ID is in use. Run a test sign-in now."}, nil
}

type keyForm struct {
	Use string `json:"use"`
}

// addKey makes a key pair of this side.
func (s *Section) addKey(ctx context.Context, c *console.Call, in keyForm) (console.Done, error) {
	st, err := s.load(ctx, c)
	if err == nil {
		err = st.open(c)
	}
	if err != nil {
		return console.Done{}, err
	}
	if in.Use != directory.KeyEncryption && in.Use != directory.KeySigning {
		return console.Done{}, problem.Detailf(problem.SSOField, "A certificate is for encryption or signing.")
	}
	// A server with another key could not read what is sealed with this one.
	if _, err := s.cfg.Setup.Expect(ctx, c.Workspace.ID); err != nil {
		if code, _ := problem.Of(err); code == problem.WrongServerKey || code == problem.SAMLNotSet {
			return console.Done{}, err
		}
	}
	k, err := s.cfg.Setup.AddKey(ctx, c.Workspace.ID, in.Use)
	if err != nil {
		return console.Done{}, err
	}
	c.Target(k.ID)
	return console.Done{To: c.Path("saml.home") + "#keys", Say: "The certificate is made. Download it, and upload it to Microsoft Entra."}, nil
}

// downloadKey is the newest certificate of this side for a use.
func (s *Section) downloadKey(ctx context.Context, c *console.Call, in keyForm) (console.File, error) {
	st, err := s.load(ctx, c)
	if err != nil {
		return console.File{}, err
	}
	use := strings.TrimSuffix(in.Use, ".cer")
	for _, k := range slices.Backward(st.conn.Keys) {
		if k.Use == use {
			return console.File{
				Name: "lanyard-" + c.Workspace.ID + "-" + use + ".cer", Type: "application/x-x509-ca-cert",
				Data: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate}),
			}, nil
		}
	}
	return console.File{}, problem.New(problem.NotFound)
}

// applicationSetting is the kind of the setting that keeps which enterprise
// application it is, once the set-up is over.
const applicationSetting = "saml.application"

// remember keeps what of the wizard's values is of use later.
func (s *Section) remember(ctx context.Context, c *console.Call, v Values) error {
	v = Values{AppName: v.AppName, ApplicationID: v.ApplicationID, TenantID: v.TenantID, FromGallery: v.FromGallery}
	_, _, err := store.ChangeSetting(ctx, s.cfg.Desk.Store, c.Workspace.ID, applicationSetting, store.SettingChange{Version: store.AnyVersion, Who: c.Me.Called(), Now: c.Now}, func(n *Values) error {
		*n = v
		return nil
	})
	return err
}
