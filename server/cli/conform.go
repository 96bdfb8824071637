package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/conform"
)

// conformCmd groups the checks of other programs.
type conformCmd struct {
	SCIM conformSCIMCmd `cmd:"" name:"scim" help:"Ask a SCIM 2.0 provider what Microsoft's gallery validation and SCIM Validator ask, in both of Entra's dialects. What it makes is deleted afterwards."`
}

// The environment may hold what should not stand in a shell's history.
const (
	envConformToken     = "LANYARD_CONFORM_TOKEN"
	envConformSecret    = "LANYARD_CONFORM_CLIENT_SECRET"
	envConformAssertion = "LANYARD_CONFORM_CLIENT_ASSERTION"
)

// conformSCIMCmd asks one provider.
type conformSCIMCmd struct {
	URL             string `arg:"" help:"The SCIM address, as the Tenant URL in Entra."`
	Token           string `name:"token" placeholder:"T" help:"The bearer token (LANYARD_CONFORM_TOKEN)."`
	TokenEndpoint   string `name:"token-endpoint" placeholder:"URL" help:"Where OAuth 2.0 client credentials become a token. Without --token, one is fetched there."`
	ClientID        string `name:"client-id" placeholder:"ID" help:"The client id for --token-endpoint."`
	ClientSecret    string `name:"client-secret" placeholder:"SECRET" help:"The client secret for --token-endpoint (LANYARD_CONFORM_CLIENT_SECRET)."`
	ClientAssertion string `name:"client-assertion" placeholder:"JWT" help:"A client assertion for --token-endpoint, for workload identity federation (LANYARD_CONFORM_CLIENT_ASSERTION)."`
	Only            string `name:"only" placeholder:"NAME" help:"Ask one test, by its name."`
	Domain          string `name:"domain" placeholder:"DOMAIN" help:"The domain of the people who are made. Default: conform.example."`
}

func (f conformSCIMCmd) Run(c *command) error {
	cfg, err := f.config(c)
	if err != nil {
		return err
	}
	var told func(conform.Result)
	if !c.json {
		told = func(r conform.Result) { fmt.Fprint(c.out, conformLine(r)) }
	}
	report, err := conform.Run(c.ctx, cfg, told)
	if errors.Is(err, conform.ErrNoTest) {
		return problem.Detailf(problem.BadUsage, "There is no test called %q.", f.Only)
	}
	if err != nil {
		if c.ctx.Err() != nil {
			err = context.Cause(c.ctx)
		}
		return problem.Wrap(problem.NoSCIMAnswer, err)
	}
	if c.json {
		if err := c.printJSON(report); err != nil {
			return err
		}
	} else {
		n := report.Counts
		fmt.Fprintf(c.out, "\n%d passed, %d failed, %d warned (optional), %d skipped\n", n[conform.Pass], n[conform.Fail], n[conform.Warn], n[conform.Skip])
	}
	for _, path := range report.Left {
		c.say("Could not be deleted again: %s", printable(path))
	}
	if !report.Passed() {
		return problem.Detailf(problem.NotConformant, "%d of %d tests failed.", report.Counts[conform.Fail], len(report.Results))
	}
	return nil
}

// config reads the flags and the environment.
func (f conformSCIMCmd) config(c *command) (conform.Config, error) {
	base, err := url.Parse(strings.TrimSpace(f.URL))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil {
		return conform.Config{}, problem.Detailf(problem.BadUsage, "The address must be that of a SCIM provider, such as https://sso.example.com/scim/v2/acme.")
	}
	cfg := conform.Config{Base: base, TokenEndpoint: f.TokenEndpoint, ClientID: f.ClientID, Only: f.Only, Domain: f.Domain, Now: c.opt.Now}
	for _, s := range []struct {
		into       *string
		flag, name string
	}{
		{&cfg.Token, f.Token, envConformToken}, {&cfg.ClientSecret, f.ClientSecret, envConformSecret}, {&cfg.Assertion, f.ClientAssertion, envConformAssertion},
	} {
		*s.into = s.flag
		if v, ok := c.env(s.name); ok && s.flag == "" {
			*s.into = v
		}
		if *s.into != "" {
			c.secrets = append(c.secrets, secret{text: *s.into, bare: true})
		}
	}
	if cfg.Token == "" && cfg.TokenEndpoint == "" {
		return conform.Config{}, problem.Detailf(problem.BadUsage, "A token is needed: --token, %s, or --token-endpoint with client credentials.", envConformToken)
	}
	return cfg, nil
}

// conformLine is one result for a person. What a provider said is in it, so it
// is made printable.
func conformLine(r conform.Result) string {
	name := r.Suite + "/" + r.Name
	if r.Dialect != "" {
		name += " [" + r.Dialect + "]"
	}
	line := fmt.Sprintf("%s  %s\n      %s\n", r.Outcome, name, r.What)
	if r.Why != "" {
		line += "      " + printable(r.Why) + "\n"
	}
	return line
}
