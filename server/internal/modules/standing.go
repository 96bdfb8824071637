package modules

import (
	"crypto/x509"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
)

// Facts are all that a module's state follows from.
type Facts struct {
	Workspace directory.Workspace
	SAML      directory.SAML   // of version 0: never set up
	Mobile    directory.Mobile // of version 0: never set up
	Web       directory.MicrosoftWeb
	Switches  directory.Switches
	// Credentials is how many tokens and clients for provisioning are in force,
	// Issued how many there ever were, Called when one was last used.
	Credentials, Issued int
	Called              time.Time
	// Drafts are the set-ups that were begun and not finished.
	Drafts map[directory.Module]Progress
	// Reported are what others found wrong: see Keeper.Health.
	Reported map[directory.Module][]problem.Code
}

// Standing is how a module stands.
type Standing struct {
	Module directory.Module      `json:"module"`
	State  directory.ModuleState `json:"state"`
	// On says whether people use it, or would if it were set up: see Switch.
	On bool `json:"on"`
	// Switched says whether its own switch is on: see Keeper.Switch.
	Switched bool `json:"switched"`
	// Faults keep it from working; Warnings will, one day.
	Faults   []problem.Code `json:"faults,omitempty"`
	Warnings []problem.Code `json:"warnings,omitempty"`
	// Draft is how far a set-up came that was begun; Of is 0 where none was.
	Draft Progress `json:"draft"`
	// Locked says that the plan lacks it, so that nothing of it can be changed.
	Locked bool `json:"locked"`
}

// standing is one module before its state is known.
type standing struct {
	begun    bool // something was entered
	complete bool // all that is needed was entered
	proven   bool // it was seen to work
	on       bool // people use it
	faults   []problem.Code
	warnings []problem.Code
}

// state follows from the rest. What is on and complete is Enabled whether it was
// tested or not: people sign in with it.
func (s standing) state() directory.ModuleState {
	switch {
	case s.complete && s.on && len(s.faults) > 0:
		return directory.ModuleBroken
	case s.complete && s.on:
		return directory.ModuleEnabled
	case s.complete && s.proven:
		return directory.ModuleTested
	case s.begun || s.complete:
		return directory.ModuleDraft
	}
	return directory.ModuleUnset
}

// Stands says how each module stands at a moment. No module's state depends on
// another's.
func Stands(f Facts, now time.Time) []Standing {
	var all []Standing
	for _, m := range directory.Modules() {
		all = append(all, stands(m, f, now))
	}
	return all
}

func stands(m directory.Module, f Facts, now time.Time) Standing {
	var s standing
	switch m {
	case directory.ModuleMicrosoft:
		s = microsoftStands(f)
	case directory.ModuleSAML:
		s = samlStands(f, now)
	case directory.ModuleSCIM:
		s = scimStands(f)
	case directory.ModuleMobile:
		s = mobileStands(f)
	}
	s.begun = s.begun || f.Drafts[m].Of > 0
	s.faults = append(s.faults, f.Reported[m]...)
	switched := f.Switches.On(m)
	if m == directory.ModuleSCIM {
		switched = f.Workspace.SCIMEnabled
	}
	return Standing{Module: m, State: s.state(), On: s.on, Switched: switched, Faults: s.faults, Warnings: s.warnings, Draft: f.Drafts[m]}
}

// microsoftStands: the app may sign in, browsers may, or both.
func microsoftStands(f Facts) standing {
	m, web := f.Workspace.Microsoft, f.Web
	app := m.TenantID != "" && m.ClientID != ""
	s := standing{
		begun:    m.TenantID != "" || m.ClientID != "" || web.TenantID != "" || web.ClientID != "",
		complete: app || web.Complete(),
		proven:   app && f.Switches.Proven[directory.ModuleMicrosoft] == m.Fingerprint() || web.Complete() && web.TestedNow(),
		on:       f.Switches.On(directory.ModuleMicrosoft) && (app || web.Enabled),
	}
	if app && m.TenantID == m.ClientID {
		s.faults = append(s.faults, problem.WorkspaceNotSet)
	}
	return s
}

const (
	// metadataPatience is how long reading a connection's metadata may fail: it
	// is read every twelve hours.
	metadataPatience = 48 * time.Hour
	// expiryNotice is how long before a certificate ends it is warned of.
	expiryNotice = 30 * 24 * time.Hour
)

func samlStands(f Facts, now time.Time) standing {
	c := f.SAML
	s := standing{
		begun:    c.Version > 0,
		complete: c.Usable(),
		proven:   c.TestedNow(),
		on:       !c.Disabled && f.Switches.On(directory.ModuleSAML),
	}
	if !s.complete {
		return s
	}
	if ends := lastCertificate(c); !c.InsecureAllowExpired {
		switch {
		case !ends.After(now):
			s.faults = append(s.faults, problem.SAMLCertificateExpired)
		case ends.Sub(now) < expiryNotice:
			s.warnings = append(s.warnings, problem.SAMLCertificateExpired)
		}
	}
	md := c.Metadata
	switch {
	case md.ChangedEntityID != "":
		s.faults = append(s.faults, problem.MetadataChanged)
	case md.URL != "" && md.Failure != "" && md.Tried.Sub(md.Refreshed) > metadataPatience:
		s.faults = append(s.faults, problem.Code(md.Failure))
	case md.URL != "" && md.Failure != "":
		s.warnings = append(s.warnings, problem.Code(md.Failure))
	}
	return s
}

// lastCertificate is when the last of a connection's certificates ends. One that
// cannot be read has ended.
func lastCertificate(c directory.SAML) (last time.Time) {
	for _, cert := range c.Certificates {
		if x, err := x509.ParseCertificate(cert.DER); err == nil && x.NotAfter.After(last) {
			last = x.NotAfter
		}
	}
	return last
}

// scimStands: what Entra needs is a token, and what proves it is that it called.
func scimStands(f Facts) standing {
	s := standing{
		begun:    f.Issued > 0,
		complete: f.Credentials > 0 && !f.Called.IsZero(),
		proven:   !f.Called.IsZero(),
		on:       f.Workspace.SCIMEnabled,
	}
	if f.Issued > 0 && f.Credentials == 0 && !f.Called.IsZero() {
		s.complete, s.faults = true, append(s.faults, problem.NoToken)
	}
	return s
}

func mobileStands(f Facts) standing {
	s := standing{
		begun:    f.Mobile.Version > 0,
		complete: !f.Mobile.Empty(),
		on:       f.Switches.On(directory.ModuleMobile),
	}
	s.proven = s.complete
	for _, a := range f.Mobile.Android {
		if a.MSAL != nil && f.Workspace.Microsoft.ClientID != "" && !a.MSAL.Fits(f.Workspace.Microsoft) {
			s.faults = append(s.faults, problem.MobileStale)
			break
		}
	}
	return s
}
