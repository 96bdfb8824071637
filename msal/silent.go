package msal

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/lanyard-sso/lanyard/auth"
	"github.com/lanyard-sso/lanyard/problem"
)

// refreshClaims is a claims request that asks for nothing: it makes MSAL pass
// over a cached access token.
const refreshClaims = "{}"

// Silent implements auth.Provider. Callers with the same request share one
// refresh. A token that has not expired is good enough while Microsoft cannot
// be reached.
func (p *Provider) Silent(ctx context.Context, r auth.Request) (auth.Token, error) {
	r, err := checkRequest(r)
	if err != nil {
		return auth.Token{}, err
	}
	if r.Account == "" {
		return auth.Token{}, problem.Wrap(problem.SignInAgain, errors.New("no account"))
	}
	c, err := p.client(r)
	if err != nil {
		return auth.Token{}, problem.Wrap(problem.WorkspaceNotSet, err)
	}
	same := strings.Join([]string{r.Authority, r.ClientID, r.Account, r.Scope, r.Claims, strconv.FormatBool(r.ForceRefresh)}, "\x00")
	done := p.silent.DoChan(same, func() (any, error) {
		// The others wait too when the first of them gives up.
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), silentLimit)
		defer cancel()
		return p.refresh(shared, c, r)
	})
	select {
	case res := <-done:
		if res.Err != nil {
			return auth.Token{}, res.Err
		}
		token := res.Val.(auth.Token)
		token.Notice = p.store.takeNotice()
		return token, nil
	case <-ctx.Done():
		return auth.Token{}, ctx.Err()
	}
}

func (p *Provider) refresh(ctx context.Context, c *clients, r auth.Request) (auth.Token, error) {
	ctx, f := withFlow(context.WithValue(ctx, refreshKey{}, r.Account))
	options := []public.AcquireSilentOption{
		public.WithSilentAccount(public.Account{HomeAccountID: r.Account}),
	}
	switch {
	case r.Claims != "":
		options = append(options, public.WithClaims(r.Claims))
	case r.ForceRefresh:
		options = append(options, public.WithClaims(refreshClaims))
	}
	result, err := c.silent.AcquireTokenSilent(ctx, []string{r.Scope}, options...)
	if err != nil {
		err = translate(ctx, f, err, true)
		p.remember(r, err)
		if codeOf(err) != problem.NoEntra || r.Claims != "" || r.ForceRefresh {
			return auth.Token{}, timely(err)
		}
		return p.offline(ctx, result, r, err)
	}
	if !strings.EqualFold(result.Account.HomeAccountID, r.Account) {
		return auth.Token{}, problem.Detailf(problem.BadIDToken, "The refreshed token is of another account.")
	}
	return tokenOf(result, r), nil
}

// timely gives a refresh that took too long the code of a network that failed.
func timely(err error) error {
	if errors.Is(err, context.DeadlineExceeded) && codeOf(err) == problem.Internal {
		return problem.Wrap(problem.NoEntra, err)
	}
	return err
}

func tokenOf(result public.AuthResult, r auth.Request) auth.Token {
	name := result.Account.PreferredUsername
	if name == "" {
		name = result.IDToken.PreferredUsername
	}
	return auth.Token{
		AccessToken: result.AccessToken,
		ExpiresAt:   result.ExpiresOn.UTC(),
		Account:     r.Account,
		UserName:    name,
	}
}

// offline returns a token that is still good although Microsoft would like it
// refreshed. MSAL returns one along with its error, unless less than five
// minutes of it are left; those are read from the cache.
func (p *Provider) offline(ctx context.Context, result public.AuthResult, r auth.Request, err error) (auth.Token, error) {
	if result.AccessToken != "" && time.Now().Before(result.ExpiresOn) {
		return tokenOf(result, r), nil
	}
	raw, loadErr := p.store.load(ctx)
	if loadErr != nil {
		return auth.Token{}, err
	}
	c, parseErr := parseContract(raw)
	if parseErr != nil {
		return auth.Token{}, err
	}
	if token, ok := c.validToken(r, time.Now()); ok {
		return token, nil
	}
	return auth.Token{}, err
}

// validToken finds an access token for r that has not expired.
func (c contract) validToken(r auth.Request, now time.Time) (auth.Token, bool) {
	for _, raw := range c[sectionAccess] {
		var row struct {
			Account  string `json:"home_account_id"`
			Realm    string `json:"realm"`
			Client   string `json:"client_id"`
			Scopes   string `json:"target"`
			Secret   string `json:"secret"`
			Expires  string `json:"expires_on"`
			CachedAt string `json:"cached_at"`
		}
		if json.Unmarshal(raw, &row) != nil {
			continue
		}
		expires, err := strconv.ParseInt(row.Expires, 10, 64)
		if err != nil || !now.Before(time.Unix(expires, 0)) {
			continue
		}
		if strings.EqualFold(row.Account, r.Account) && strings.EqualFold(row.Realm, r.TenantID) &&
			strings.EqualFold(row.Client, r.ClientID) && hasScope(row.Scopes, r.Scope) && row.Secret != "" {
			return auth.Token{
				AccessToken: row.Secret,
				ExpiresAt:   time.Unix(expires, 0).UTC(),
				Account:     r.Account,
				UserName:    c.userName(r.Account),
			}, true
		}
	}
	return auth.Token{}, false
}

func hasScope(scopes, want string) bool {
	for _, s := range strings.Fields(scopes) {
		if strings.EqualFold(s, want) {
			return true
		}
	}
	return false
}

func (c contract) userName(account string) string {
	for _, raw := range c[sectionAccounts] {
		var row struct {
			Account string `json:"home_account_id"`
			Name    string `json:"username"`
		}
		if json.Unmarshal(raw, &row) == nil && strings.EqualFold(row.Account, account) {
			return row.Name
		}
	}
	return ""
}
