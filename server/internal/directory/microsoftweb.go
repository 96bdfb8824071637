package directory

import (
	"cmp"
	"strings"
	"time"
)

// The kinds of settings of sign-in with Microsoft 365 in a browser.
const (
	// SettingMicrosoftWeb holds a MicrosoftWeb.
	SettingMicrosoftWeb = "microsoft.web"
	// SettingMicrosoftWebKeys holds a MicrosoftWebKeys, sealed.
	SettingMicrosoftWebKeys = "microsoft.web.secret"
)

// MicrosoftWeb is how a workspace signs people in with Microsoft 365 in a browser
// (row A15): as a confidential client of one tenant. It works whatever else is
// set up.
type MicrosoftWeb struct {
	Enabled bool `json:"enabled,omitempty"`
	// ClientID is the application (client) ID of the app registration, and
	// TenantID the directory (tenant) ID whose people may sign in.
	ClientID string `json:"client_id,omitempty"`
	TenantID string `json:"tenant_id,omitempty"`
	// Authority is the cloud; https://login.microsoftonline.com where it is empty.
	Authority string `json:"authority,omitempty"`
	// DomainHint spares people a question on Microsoft's page.
	DomainHint string `json:"domain_hint,omitempty"`
	// Proof is what the server proves itself with.
	Proof MicrosoftProof `json:"proof,omitempty"`
	// Tested is when a test sign-in last succeeded, and TestedHash what ConfigHash
	// was then.
	Tested     time.Time `json:"tested,omitzero"`
	TestedHash string    `json:"tested_hash,omitempty"`
	// KeyID names the certificate or secret that is used, so that a test is worth
	// what was tested.
	KeyID string `json:"key_id,omitempty"`
}

// MicrosoftProof is how a confidential client proves who it is.
type MicrosoftProof string

// The proofs. The zero proof is ProofCertificate.
const (
	ProofCertificate MicrosoftProof = "certificate"
	ProofSecret      MicrosoftProof = "secret"
)

// Complete reports whether everything is there that a sign-in needs but the key.
func (m MicrosoftWeb) Complete() bool { return m.ClientID != "" && m.TenantID != "" }

// Cloud is the authority without a slash at its end.
func (m MicrosoftWeb) Cloud() string {
	if a := strings.TrimSuffix(m.Authority, "/"); a != "" {
		return a
	}
	return "https://login.microsoftonline.com"
}

// ConfigHash changes with whatever a test sign-in is about.
func (m MicrosoftWeb) ConfigHash() string {
	return HashToken(strings.Join([]string{m.Cloud(), strings.ToLower(m.TenantID), strings.ToLower(m.ClientID), string(cmp.Or(m.Proof, ProofCertificate)), m.KeyID}, "\n"))[:32]
}

// TestedNow reports whether a test sign-in succeeded with what is set now.
func (m MicrosoftWeb) TestedNow() bool { return m.TestedHash != "" && m.TestedHash == m.ConfigHash() }

// MicrosoftWebKeys are the secrets of a MicrosoftWeb. Each is sealed with the
// server's key, bound to the workspace and its own id.
type MicrosoftWebKeys struct {
	// Certificates are key pairs of ours, the newest last. Two may stand side by
	// side, so that one can be changed without a gap.
	Certificates []MicrosoftCertificate `json:"certificates,omitempty"`
	// Secret is the client secret.
	Secret *MicrosoftSecret `json:"secret,omitempty"`
}

// MicrosoftCertificate is a key pair of ours. Certificate is in DER and public:
// what an administrator uploads. Sealed holds the private key.
type MicrosoftCertificate struct {
	ID          string    `json:"id"`
	Certificate []byte    `json:"certificate"`
	Sealed      string    `json:"sealed"`
	Created     time.Time `json:"created"`
}

// MicrosoftSecret is a client secret of the app registration.
type MicrosoftSecret struct {
	ID     string `json:"id"`
	Sealed string `json:"sealed"`
	// Expires is what the administrator says; Microsoft does not tell.
	Expires time.Time `json:"expires,omitzero"`
	Created time.Time `json:"created"`
}
