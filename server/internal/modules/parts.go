package modules

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// part is a piece of what a workspace is set up with that can be compared with
// another's, and taken over from it.
type part struct {
	name, title string
	group       string
	get         func(store.Copy) any
	// put stores in to what from has.
	put func(from store.Copy, to *store.Copy)
}

// The groups of parts, as they are shown.
const (
	groupWorkspace = "Workspace"
	groupMicrosoft = "Microsoft 365 sign-in"
	groupSAML      = "Single sign-on (SAML)"
	groupSCIM      = "Provisioning (SCIM)"
	groupMobile    = "Mobile apps"
	groupOther     = "Other settings"
)

func workspacePart[T any](group, name, title string, field func(*directory.Workspace) *T) part {
	return part{
		"workspace." + name, title, group,
		func(c store.Copy) any { return *field(&c.Workspace) },
		func(from store.Copy, to *store.Copy) { *field(&to.Workspace) = *field(&from.Workspace) },
	}
}

func samlPart[T any](name, title string, field func(*directory.SAML) *T) part {
	return part{
		"saml." + name, title, groupSAML,
		func(c store.Copy) any { return *field(&c.SAML) },
		func(from store.Copy, to *store.Copy) {
			touchSAML(to)
			*field(&to.SAML) = *field(&from.SAML)
		},
	}
}

// touchSAML makes sure that there is a connection to change. A new one is off
// until somebody tested it.
func touchSAML(to *store.Copy) {
	if to.SAML.Version == 0 {
		to.SAML.Version, to.SAML.Disabled = 1, true
	}
}

// provider is who signs people in, and by which keys: they belong together.
type provider struct {
	Type        directory.SAMLType `json:"type,omitempty"`
	EntityID    string             `json:"entity_id,omitempty"`
	Login       string             `json:"login,omitempty"`
	LoginPost   string             `json:"login_by_form,omitempty"`
	Logout      string             `json:"logout,omitempty"`
	LogoutPost  string             `json:"logout_by_form,omitempty"`
	MetadataURL string             `json:"metadata_url,omitempty"`
	// Certificates are SHA-256 fingerprints.
	Certificates []string `json:"certificates,omitempty"`
}

var providerPart = part{
	"saml.provider", "Identity provider: metadata, addresses and certificates", groupSAML,
	func(c store.Copy) any {
		idp := c.SAML.IdP
		p := provider{c.SAML.Type, idp.EntityID, idp.SSORedirect, idp.SSOPost, idp.SLORedirect, idp.SLOPost, c.SAML.Metadata.URL, nil}
		for _, cert := range c.SAML.Certificates {
			p.Certificates = append(p.Certificates, fmt.Sprintf("%X", sha256.Sum256(cert.DER)))
		}
		return p
	},
	func(from store.Copy, to *store.Copy) {
		touchSAML(to)
		to.SAML.Type, to.SAML.IdP, to.SAML.Metadata, to.SAML.Certificates = from.SAML.Type, from.SAML.IdP, from.SAML.Metadata, from.SAML.Certificates
	},
}

// parts are all that is compared. What is switched on, tested or enforced is
// each workspace's own, and so are its name, its domains and whatever is secret.
func parts() []part {
	type W = directory.Workspace
	type S = directory.SAML
	return []part{
		workspacePart(groupWorkspace, "default_role", "Default role", func(w *W) *string { return &w.DefaultRole }),
		workspacePart(groupWorkspace, "default_department", "Default department", func(w *W) *string { return &w.DefaultDepartment }),
		workspacePart(groupWorkspace, "offline_grace", "Offline grace", func(w *W) *jsonDuration { return (*jsonDuration)(&w.OfflineGrace) }),
		workspacePart(groupWorkspace, "role_rules", "Role rules", func(w *W) *[]directory.RoleRule { return &w.RoleRules }),
		workspacePart(groupWorkspace, "link_by_user_name", "Link people by user name", func(w *W) *bool { return &w.LinkByUserName }),
		workspacePart(groupMicrosoft, "microsoft", "Tenant, client and scope", func(w *W) *directory.Microsoft { return &w.Microsoft }),
		workspacePart(groupMicrosoft, "jit", "Create people at sign-in", func(w *W) *bool { return &w.JIT }),
		settingPart(groupMicrosoft, directory.SettingMicrosoftWeb, "Sign-in on the web", ownOfWeb...),
		providerPart,
		samlPart("jit", "Create people at sign-in", func(s *S) *bool { return &s.JIT }),
		samlPart("idp_initiated", "Sign-ins that begin at the identity provider", func(s *S) *directory.IdPInitiated { return &s.IdPInitiated }),
		samlPart("entity_id", "Identifier (Entity ID)", func(s *S) *string { return &s.EntityID }),
		samlPart("audiences", "Further audiences", func(s *S) *[]string { return &s.Audiences }),
		samlPart("required_claims", "Required claims", func(s *S) *[]directory.SAMLClaim { return &s.RequiredClaims }),
		samlPart("claim_map", "Claim names", func(s *S) *map[string]string { return &s.ClaimMap }),
		samlPart("name_id_source", "Name ID source", func(s *S) *string { return &s.NameIDSource }),
		samlPart("name_id_format", "Name ID format", func(s *S) *string { return &s.NameIDFormat }),
		samlPart("authn_context", "Authentication context", func(s *S) *string { return &s.AuthnContext }),
		samlPart("require_email", "E-mail address required", func(s *S) *bool { return &s.RequireEmail }),
		samlPart("post_binding", "Requests by form", func(s *S) *bool { return &s.PostBinding }),
		samlPart("force_authn", "Password at each sign-in", func(s *S) *bool { return &s.ForceAuthn }),
		samlPart("allow_sha1", "SHA-1 signatures accepted", func(s *S) *bool { return &s.InsecureAllowSHA1 }),
		samlPart("allow_expired", "Expired certificates accepted", func(s *S) *bool { return &s.InsecureAllowExpired }),
		samlPart("skew", "Clock difference", func(s *S) *jsonDuration { return (*jsonDuration)(&s.Skew) }),
		samlPart("user_access_url", "User access URL", func(s *S) *string { return &s.UserAccessURL }),
		samlPart("app_returns", "Return addresses of apps", func(s *S) *[]string { return &s.AppReturns }),
		workspacePart(groupSCIM, "scim_strict", "Strict SCIM", func(w *W) *bool { return &w.SCIMStrict }),
		workspacePart(groupSCIM, "scim_required", "Required attributes", func(w *W) *[]string { return &w.SCIMRequired }),
		workspacePart(groupSCIM, "scim_accept", "Who is in scope", func(w *W) *string { return &w.SCIMAccept }),
		workspacePart(groupSCIM, "scim_rate", "Requests a second", func(w *W) *int { return &w.SCIMRate }),
		workspacePart(groupSCIM, "delete_mode", "What a deletion does", func(w *W) *directory.DeleteMode { return &w.DeleteMode }),
		workspacePart(groupSCIM, "purge_after", "Erased after", func(w *W) *jsonDuration { return (*jsonDuration)(&w.PurgeAfter) }),
		settingPart(groupSCIM, watchSetting, "Who hears of failures"),
		{
			"mobile", "Apps and their redirect URIs", groupMobile,
			func(c store.Copy) any {
				return directory.Mobile{Apple: c.Mobile.Apple, Android: c.Mobile.Android, Desktop: c.Mobile.Desktop}
			},
			func(from store.Copy, to *store.Copy) {
				to.Mobile.Version = max(to.Mobile.Version, 1)
				to.Mobile.Apple, to.Mobile.Android, to.Mobile.Desktop = from.Mobile.Apple, from.Mobile.Android, from.Mobile.Desktop
			},
		},
		settingPart(groupOther, directory.SettingLocal, "Passwords of employees"),
		settingPart(groupOther, directory.SettingDomains, "People outside the domains"),
		settingPart(groupOther, directory.SettingAnnouncement, "Announcement", "sent_at"),
	}
}

// watchSetting is the kind under which notify keeps who hears of provisioning: flows
// meet in the store.
const watchSetting = "scim.notify"

// ownOfWeb are the fields of a directory.MicrosoftWeb that are each workspace's
// own: whether it is on, its key, and what was tested.
var ownOfWeb = []string{"enabled", "key_id", "proof", "tested", "tested_hash"}

// settingPart is a setting but for the fields that are each workspace's own.
func settingPart(group, kind, title string, own ...string) part {
	return part{
		kind, title, group,
		func(c store.Copy) any {
			fields := fieldsOf(c.Setting(kind))
			for _, f := range own {
				delete(fields, f)
			}
			return fields
		},
		func(from store.Copy, to *store.Copy) {
			fields, kept := fieldsOf(from.Setting(kind)), fieldsOf(to.Setting(kind))
			for _, f := range own {
				delete(fields, f)
				if v, ok := kept[f]; ok {
					fields[f] = v
				}
			}
			doc, err := json.Marshal(fields)
			if err != nil {
				panic(err) // it was JSON before
			}
			n := to.Setting(kind)
			n.Doc = doc
			to.Settings = append(slices.DeleteFunc(slices.Clone(to.Settings), func(s store.Setting) bool { return s.Kind == kind }), n)
		},
	}
}

// fieldsOf is a setting as a JSON object; one that was never set has no fields.
func fieldsOf(n store.Setting) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(n.Doc, &fields) != nil || fields == nil {
		return map[string]json.RawMessage{}
	}
	return fields
}

// jsonDuration is a duration that is written as people do.
type jsonDuration int64

// MarshalText writes 90m0s.
func (d jsonDuration) MarshalText() ([]byte, error) {
	return []byte(fmt.Sprint(asDuration(d))), nil
}

// shown is a part as people compare it: text for a text, JSON for the rest, ""
// where nothing is set.
func shown(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%v", v)
	}
	switch string(b) {
	case "null", `""`, "{}", "[]", `"0s"`, "0":
		return ""
	case "true":
		return "on"
	case "false":
		return "off"
	}
	var text string
	if json.Unmarshal(b, &text) == nil {
		return text
	}
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(b, &fields) != nil {
		return string(b)
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if v := strings.TrimSpace(shownJSON(fields[name])); v != "" {
			lines = append(lines, name+": "+v)
		}
	}
	return strings.Join(lines, "\n")
}

// shownJSON is a value within a part: of texts without their quotes.
func shownJSON(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}
