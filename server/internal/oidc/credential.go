package oidc

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/problem"
)

// assertionLife is how long a proof by certificate is good for. Microsoft asks
// for five to ten minutes.
const assertionLife = 5 * time.Minute

// Credential is how an application proves who it is: with a certificate and its
// key, or with a client secret. Where both are there the certificate is used,
// which never leaves the server. It hides itself from logs.
type Credential struct {
	Secret      string
	Certificate *x509.Certificate
	Key         *rsa.PrivateKey
	// RS256 signs with PKCS #1 v1.5 rather than PSS, as clouds of old ask.
	RS256 bool
}

// String hides the credential.
func (Credential) String() string { return "(a credential)" }

// GoString hides it from %#v.
func (c Credential) GoString() string { return c.String() }

// LogValue hides it from slog.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Empty reports whether there is nothing to prove anything with.
func (c Credential) Empty() bool { return c.Secret == "" && (c.Certificate == nil || c.Key == nil) }

// Fits says what keeps a credential from working at now, or nil. A secret is
// only known to be wrong by Microsoft.
func (c Credential) Fits(now time.Time) error {
	if c.Empty() {
		return problem.Wrap(problem.WorkspaceNotSet, errors.New("oidc: there is neither a certificate with its key nor a secret"))
	}
	if c.Certificate == nil || c.Key == nil {
		return nil
	}
	switch public, ok := c.Certificate.PublicKey.(*rsa.PublicKey); {
	case !ok || !public.Equal(&c.Key.PublicKey):
		return problem.Wrap(problem.OIDCClient, errors.New("oidc: the certificate is not of this key"))
	case now.After(c.Certificate.NotAfter):
		return problem.Wrap(problem.OIDCClient, fmt.Errorf("oidc: the certificate ended at %s", c.Certificate.NotAfter.UTC().Format(time.RFC3339)))
	case now.Before(c.Certificate.NotBefore):
		return problem.Wrap(problem.OIDCClient, fmt.Errorf("oidc: the certificate begins at %s", c.Certificate.NotBefore.UTC().Format(time.RFC3339)))
	}
	return nil
}

// prove adds the proof to a token request for the client at an endpoint.
func (c Credential) prove(form url.Values, clientID, endpoint string, now time.Time) error {
	if err := c.Fits(now); err != nil {
		return err
	}
	if c.Certificate == nil || c.Key == nil {
		form.Set("client_secret", c.Secret)
		return nil
	}
	assertion, err := c.assertion(clientID, endpoint, now)
	if err != nil {
		return err
	}
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return nil
}

// assertion is a JWT by which the client proves who it is (RFC 7523, section 2.2),
// with the SHA-256 of the certificate in its header (x5t#S256).
func (c Credential) assertion(clientID, endpoint string, now time.Time) (string, error) {
	alg := jose.PS256
	if c.RS256 {
		alg = jose.RS256
	}
	sum := sha256.Sum256(c.Certificate.Raw)
	opts := (&jose.SignerOptions{}).WithType("JWT").WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(sum[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: c.Key}, opts)
	if err != nil {
		return "", fmt.Errorf("oidc: signing an assertion: %w", err)
	}
	payload, err := json.Marshal(map[string]any{
		"aud": endpoint, "iss": clientID, "sub": clientID, "jti": uuid.NewString(),
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("oidc: writing an assertion: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("oidc: signing an assertion: %w", err)
	}
	return jws.CompactSerialize()
}
