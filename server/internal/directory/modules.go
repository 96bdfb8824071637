package directory

import "slices"

// Module is a part of what a workspace sets up with Microsoft Entra. Each is set
// up, switched and shown by itself, and works without the others (row A6).
type Module string

// The modules.
const (
	ModuleMicrosoft Module = "microsoft" // sign-in with Microsoft 365
	ModuleSAML      Module = "saml"      // single sign-on by SAML
	ModuleSCIM      Module = "scim"      // automatic provisioning
	ModuleMobile    Module = "mobile"    // the apps that people have
)

// Modules are all modules, in the order they are shown in.
func Modules() []Module { return []Module{ModuleMicrosoft, ModuleSAML, ModuleSCIM, ModuleMobile} }

// Valid reports whether m is a module.
func (m Module) Valid() bool { return slices.Contains(Modules(), m) }

// Name is what people call the module.
func (m Module) Name() string {
	switch m {
	case ModuleMicrosoft:
		return "Microsoft 365 sign-in"
	case ModuleSAML:
		return "Single sign-on (SAML)"
	case ModuleSCIM:
		return "Provisioning (SCIM)"
	case ModuleMobile:
		return "Mobile apps"
	}
	return string(m)
}

// ModuleState is how a module stands (row A1).
type ModuleState string

// The states.
const (
	// ModuleUnset: nothing was entered.
	ModuleUnset ModuleState = "not_configured"
	// ModuleDraft: something was entered, and is not proven to work.
	ModuleDraft ModuleState = "draft"
	// ModuleTested: it is proven to work, and not switched on.
	ModuleTested ModuleState = "tested"
	// ModuleEnabled: people use it.
	ModuleEnabled ModuleState = "enabled"
	// ModuleBroken: it is switched on, and something keeps it from working.
	ModuleBroken ModuleState = "broken"
)

// ModuleStates are all states.
func ModuleStates() []ModuleState {
	return []ModuleState{ModuleUnset, ModuleDraft, ModuleTested, ModuleEnabled, ModuleBroken}
}

// Title is the state as it is shown.
func (s ModuleState) Title() string {
	switch s {
	case ModuleUnset:
		return "Not configured"
	case ModuleDraft:
		return "Draft"
	case ModuleTested:
		return "Tested"
	case ModuleEnabled:
		return "Enabled"
	case ModuleBroken:
		return "Broken"
	}
	return string(s)
}

// The kinds of settings of a workspace that say what of it is there.
const (
	// SettingSwitches holds a Switches.
	SettingSwitches = "modules"
	// SettingPlan holds a Plan.
	SettingPlan = "plan"
	// SettingEntitled holds the Plan that a program around the server gives; what
	// counts is Plan.Within it.
	SettingEntitled = "plan.entitled"
	// SettingPilot holds a Pilot.
	SettingPilot = "pilot"
	// SettingEnvironment holds an Environment.
	SettingEnvironment = "environment"
	// SettingDraft and a module's id hold how far its set-up came.
	SettingDraft = "draft."
)

// Switches are the modules that an administrator switched off, whatever is set
// up for them (row A10). The zero value leaves them on. That of ModuleSCIM is
// Workspace.SCIMEnabled.
type Switches struct {
	Off []Module `json:"off,omitempty"`
	// Proven are the modules that were seen to work as they are set up now,
	// where nothing else says so: what Fingerprint says of what was tried.
	Proven map[Module]string `json:"proven,omitempty"`
}

// On reports whether a module was not switched off.
func (s Switches) On(m Module) bool { return !slices.Contains(s.Off, m) }

// Set returns s with a module switched on or off.
func (s Switches) Set(m Module, on bool) Switches {
	s.Off = slices.DeleteFunc(slices.Clone(s.Off), func(o Module) bool { return o == m })
	if !on {
		s.Off = append(s.Off, m)
	}
	return s
}

// Fingerprint is a short text that changes with what people sign in with: a test
// is worth what was tested.
func (m Microsoft) Fingerprint() string {
	return HashToken(m.Authority + "\n" + m.TenantID + "\n" + m.ClientID + "\n" + m.Audience + "\n" + m.Scope)[:16]
}

// EnvironmentKind says what a workspace is for (row A11).
type EnvironmentKind string

// The environments. The zero kind is Production.
const (
	Production EnvironmentKind = "production"
	Sandbox    EnvironmentKind = "sandbox"
)

// Environment is what a workspace is for, and where it came from.
type Environment struct {
	Kind EnvironmentKind `json:"kind,omitempty"`
	// Of is the workspace that this one was cloned from, or empty.
	Of string `json:"of,omitempty"`
}
