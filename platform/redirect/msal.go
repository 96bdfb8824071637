package redirect

import (
	"bytes"
	"encoding/json"
)

// MSAL is the configuration file of MSAL for Android, as far as it says who
// may sign in to what: what the portal shows as "MSAL Configuration"
// (Microsoft, "Android Microsoft Authentication Library configuration file").
type MSAL struct {
	ClientID string `json:"client_id"`
	// UserAgent is DEFAULT or BROWSER.
	UserAgent   string `json:"authorization_user_agent"`
	RedirectURI string `json:"redirect_uri"`
	// AccountMode is SINGLE or MULTIPLE, or empty, which MSAL takes for
	// MULTIPLE.
	AccountMode string `json:"account_mode,omitempty"`
	// BrokerRegistered says that the redirect URI is one that Microsoft
	// Authenticator accepts.
	BrokerRegistered bool        `json:"broker_redirect_uri_registered"`
	Authorities      []Authority `json:"authorities"`
}

// Authority is one directory that people may be of. There is an Audience or,
// in older files, a URL.
type Authority struct {
	// Type is AAD.
	Type     string    `json:"type"`
	Default  bool      `json:"default,omitempty"`
	Audience *Audience `json:"audience,omitempty"`
	URL      string    `json:"authority_url,omitempty"`
}

// Audience is the kind of accounts; Lanyard takes those of one organisation.
type Audience struct {
	// Type is AzureADMyOrg.
	Type     string `json:"type"`
	TenantID string `json:"tenant_id,omitempty"`
}

// NewMSAL returns the configuration that the portal would show for an app
// registration of one tenant.
func NewMSAL(clientID, tenantID string, a Android) MSAL {
	return MSAL{
		ClientID:         clientID,
		UserAgent:        "DEFAULT",
		RedirectURI:      a.RedirectURI(),
		AccountMode:      "SINGLE",
		BrokerRegistered: true,
		Authorities:      []Authority{{Type: "AAD", Default: true, Audience: &Audience{Type: myOrg, TenantID: tenantID}}},
	}
}

// myOrg is the audience of one organisation.
const myOrg = "AzureADMyOrg"

// JSON returns the configuration file, with a line break at its end.
func (m MSAL) JSON() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		panic("redirect: " + err.Error()) // strings and booleans can be written
	}
	return b.Bytes()
}
