package msal

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// SignOut implements auth.Provider: all that the cache has of the account is
// deleted, in every tenant and for every app, and with the last account the
// cache itself. It needs no network, and works on a cache that cannot be read:
// that one is set aside, which comes to the same. Where the keychain does not
// let it be edited, all of it is deleted, whosever it is.
func (p *Provider) SignOut(ctx context.Context, r auth.Request) error {
	if checked, err := checkRequest(r); err == nil {
		p.setChallenge(checked, "")
	}
	err := p.store.update(ctx, func(c contract) (contract, error) {
		if r.Account != "" {
			c.forget(r.Account)
		}
		return c, nil
	})
	if err == nil || r.Account == "" {
		return err
	}
	aside, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteLimit)
	defer cancel()
	return p.store.cache.Delete(aside)
}

// deleteLimit bounds the deletion of a cache that could not be edited, which
// may begin when the caller's time is over.
const deleteLimit = 2 * time.Second

// LogoutURL implements auth.Provider (OpenID Connect RP-Initiated Logout 1.0).
func (p *Provider) LogoutURL(ctx context.Context, r auth.Request) (string, error) {
	r, err := checkRequest(r)
	if err != nil {
		return "", err
	}
	ctx, f := withFlow(ctx)
	m, err := p.keys.of(ctx, r)
	if err != nil {
		return "", translate(ctx, f, err, true)
	}
	u, err := url.Parse(m.EndSession)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", problem.Wrap(problem.EntraRefused, errors.New("no address to sign out at"))
	}
	return u.String(), nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
