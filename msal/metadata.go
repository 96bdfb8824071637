package msal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-sso/lanyard/auth"
)

const (
	// metadataLife is how long keys and metadata are used unasked. Microsoft
	// says that they should be looked up at least once a day.
	metadataLife = 12 * time.Hour
	// keyRetry is how soon an unknown key id may have them looked up again.
	keyRetry = 10 * time.Second
)

// metadata is what we need of OpenID Connect Discovery 1.0, and the keys.
type metadata struct {
	Issuer     string `json:"issuer"`
	JWKSURI    string `json:"jwks_uri"`
	EndSession string `json:"end_session_endpoint"`

	keys    keySet
	fetched time.Time
}

// keySet is a JWK Set (RFC 7517). Keys of a kind we don't know are left out, as
// section 5 asks, rather than spoiling the set.
type keySet []jose.JSONWebKey

// UnmarshalJSON implements json.Unmarshaler.
func (s *keySet) UnmarshalJSON(raw []byte) error {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return errors.New("not a JWK Set")
	}
	*s = nil
	for _, one := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(one) == nil && k.Valid() && k.IsPublic() && (k.Use == "" || k.Use == "sig") {
			*s = append(*s, k)
		}
	}
	return nil
}

// metadataStore looks tenants' metadata and keys up and keeps them.
type metadataStore struct {
	http *http.Client
	now  func() time.Time

	mu      sync.Mutex
	tenants map[string]*metadata // by authority
}

func newMetadataStore(hc *http.Client, now func() time.Time) *metadataStore {
	return &metadataStore{http: hc, now: now, tenants: map[string]*metadata{}}
}

// of returns the metadata of r's tenant.
func (s *metadataStore) of(ctx context.Context, r auth.Request) (*metadata, error) {
	return s.within(ctx, r, metadataLife)
}

// key returns the signing key with this id, asking again for one that is not
// known, as there is after Microsoft changed keys.
func (s *metadataStore) key(ctx context.Context, r auth.Request, kid string) (*jose.JSONWebKey, *metadata, error) {
	for _, age := range []time.Duration{metadataLife, keyRetry} {
		m, err := s.within(ctx, r, age)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range m.keys {
			if kid != "" && k.KeyID == kid {
				return &k, m, nil
			}
		}
	}
	return nil, nil, errUnknownKey
}

var errUnknownKey = errors.New("signed with a key that is not Microsoft's")

// within returns metadata no older than age. Two callers may fetch at once;
// the later answer stays.
func (s *metadataStore) within(ctx context.Context, r auth.Request, age time.Duration) (*metadata, error) {
	s.mu.Lock()
	m := s.tenants[r.Authority]
	s.mu.Unlock()
	if m != nil {
		if old := s.now().Sub(m.fetched); old >= 0 && old < age {
			return m, nil
		}
	}
	m, err := s.fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants[r.Authority] = m
	return m, nil
}

func (s *metadataStore) fetch(ctx context.Context, r auth.Request) (*metadata, error) {
	m := &metadata{fetched: s.now()}
	if err := getJSON(ctx, s.http, r.Authority+"/v2.0/.well-known/openid-configuration", m); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if !issuedBy(m.Issuer, r.TenantID) {
		return nil, errors.New("metadata: the issuer is not the tenant's")
	}
	u, err := url.Parse(m.JWKSURI)
	if err != nil || u.Scheme != "https" || !knownHosts[strings.ToLower(u.Host)] {
		return nil, errors.New("metadata: the keys are not at one of Microsoft's addresses")
	}
	if err := getJSON(ctx, s.http, m.JWKSURI, &m.keys); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return m, nil
}

// issuedBy reports whether issuer is https://<host of Microsoft's>/<tenant>/v2.0.
func issuedBy(issuer, tenant string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Scheme == "https" && knownHosts[u.Host] && u.Path == "/"+tenant+"/v2.0" && u.RawQuery == ""
}
