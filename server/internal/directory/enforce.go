package directory

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"
)

// EnforcementSetting is the kind of the setting that a workspace's Enforcement
// is kept under.
const EnforcementSetting = "enforcement"

// Enforcement says whether the people of a workspace sign in by SAML and in no
// other way (rows C5, C6). Its zero value enforces nothing. Whom it spares is
// the domain policy's to say; workspace administrators switch it on, and only an
// operator of the server switches it off.
type Enforcement struct {
	Enforced bool `json:"enforced"`
	// At is when it was switched on, By who did it.
	At time.Time `json:"at,omitzero"`
	By string    `json:"by,omitempty"`
	// ConfigHash is that of the connection that was tested and enabled.
	ConfigHash string `json:"config_hash,omitempty"`
	// Lifted is how it was switched off last. Where Enforced is set again, it is
	// history.
	Lifted *EnforcementLift `json:"lifted,omitempty"`
	// Asked is a request to switch it off that waits for a second operator.
	Asked *EnforcementLift `json:"asked,omitempty"`
}

// EnforcementLift is who switches enforcement off, and why.
type EnforcementLift struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Ticket string    `json:"ticket"`
	// Second is the operator who agreed, under the two-person rule.
	Second string `json:"second,omitempty"`
}

// Since reports whether enforcement was on at a time and still is: a session
// that began earlier by another way has to be looked at again (row C6).
func (e Enforcement) Since(t time.Time) bool { return e.Enforced && t.Before(e.At) }

// TestedNow reports whether a test sign-in succeeded with what is set up now
// (row C3).
func (c SAML) TestedNow() bool {
	return !c.Tested.IsZero() && c.TestedHash != "" && c.TestedHash == c.ConfigHash()
}

// ConfigHash names everything about a connection that decides who may sign in
// by it and how: two connections have the same one where a test of the one is a
// test of the other. Certificates that the provider's metadata brings are not in
// it, since they change on their own; pasted ones are.
func (c SAML) ConfigHash() string {
	// What is not named here is in it, so that a new setting cannot be forgotten.
	c.Disabled, c.Tested, c.TestedHash, c.Warned = false, time.Time{}, "", nil
	c.Metadata = SAMLMetadata{URL: c.Metadata.URL, AnyHost: c.Metadata.AnyHost, EntityID: c.Metadata.EntityID}
	var pinned []SAMLCertificate
	for _, have := range c.Certificates {
		if c.Metadata.URL == "" {
			pinned = append(pinned, SAMLCertificate{DER: have.DER})
		}
	}
	c.Certificates = pinned
	// Private keys stay out. A signing key only matters where requests are signed,
	// one for encryption not at all: the one before it is still read.
	var keys []SAMLKey
	for _, k := range c.Keys {
		if k.Use == KeySigning && c.SignRequests {
			keys = append(keys, SAMLKey{ID: k.ID, Use: k.Use})
		}
	}
	c.Keys = keys
	c.Audiences, c.AppReturns = slices.Sorted(slices.Values(c.Audiences)), slices.Sorted(slices.Values(c.AppReturns))
	doc, err := json.Marshal(c)
	if err != nil {
		return "" // which no test ever has, so that nothing can be enabled
	}
	sum := sha256.Sum256(append(doc, c.Workspace...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
