package entratest

import "time"

// FederatedOptions say for whom and what a federated token is.
type FederatedOptions struct {
	// ServicePrincipal is the object id of who asks: sub and oid of the token.
	ServicePrincipal string
	// ClientID is the application that asks (azp). Empty means ServicePrincipal.
	ClientID string
	// Audience is whom the token is for.
	Audience string
	// Lifetime is how long it is valid. Zero means an hour.
	Lifetime time.Duration
	// NoID leaves out jti; Entra's own application tokens have none.
	NoID bool
}

// FederatedToken signs an application's token of the tenant's v2.0 endpoint, as
// the provisioning service shows one instead of a client secret (workload
// identity federation, RFC 7523 section 2.2). Each mutate may change the claims
// before they are signed.
func (t *Tenant) FederatedToken(o FederatedOptions, mutate ...func(Claims)) string {
	if o.ClientID == "" {
		o.ClientID = o.ServicePrincipal
	}
	if o.Lifetime == 0 {
		o.Lifetime = time.Hour
	}
	c := t.core
	c.mu.Lock()
	now := c.clock()
	claims := Claims{
		"aud": o.Audience, "iss": t.state().Issuer(), "tid": t.ID, "ver": "2.0",
		"iat": now.Add(-early).Unix(), "nbf": now.Add(-early).Unix(), "exp": now.Add(o.Lifetime).Unix(),
		"sub": o.ServicePrincipal, "oid": o.ServicePrincipal, "azp": o.ClientID, "azpacr": "2", "idtyp": "app",
		"aio": randomText(60), "rh": "1." + randomText(45) + ".", "uti": randomText(16),
	}
	c.mu.Unlock()
	if !o.NoID {
		claims["jti"] = newGUID()
	}
	for _, m := range mutate {
		m(claims)
	}
	return c.keys.active().signToken(claims)
}
