package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// bearer is a token that was fetched.
type bearer struct {
	value   string
	seconds float64
}

// fetchToken asks the token endpoint (RFC 6749 section 4.4; with an assertion
// in place of the secret, RFC 7523 section 2.2).
func (r *runner) fetchToken(assertion bool) (bearer, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {r.c.ClientID}}
	if assertion {
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", r.c.Assertion)
	} else {
		form.Set("client_secret", r.c.ClientSecret)
	}
	req, err := http.NewRequestWithContext(r.ctx, http.MethodPost, r.c.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return bearer{}, fmt.Errorf("the token endpoint: %w", withoutURL(err))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	res, err := r.c.HTTPClient.Do(req)
	if err != nil {
		return bearer{}, fmt.Errorf("the token endpoint gave no answer: %w", withoutURL(err))
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return bearer{}, fmt.Errorf("the token endpoint's answer broke off: %w", err)
	}
	var doc struct {
		AccessToken string  `json:"access_token"`
		TokenType   string  `json:"token_type"`
		ExpiresIn   float64 `json:"expires_in"`
		Error       string  `json:"error"`
	}
	parseErr := json.Unmarshal(raw, &doc)
	switch {
	case res.StatusCode/100 != 2:
		return bearer{}, fmt.Errorf("the token endpoint answered %d %s", res.StatusCode, doc.Error)
	case parseErr != nil:
		return bearer{}, errors.New("the token endpoint's answer is not JSON")
	case doc.AccessToken == "":
		return bearer{}, errors.New("the token endpoint's answer has no access_token")
	case !strings.EqualFold(doc.TokenType, "Bearer"):
		return bearer{}, fmt.Errorf("the token endpoint's token_type is %q, not Bearer", doc.TokenType)
	}
	return bearer{doc.AccessToken, doc.ExpiresIn}, nil
}

func clientCredentials(t *try) {
	if t.c.TokenEndpoint == "" || t.c.ClientSecret == "" {
		t.skip("No token endpoint with client id and secret was given. The gallery wants client credentials or federation; a static token is for pilots.")
	}
	token, err := t.fetchToken(false)
	if err != nil {
		t.fail("%v.", err)
	}
	if token.seconds < 60*60 || token.seconds > 360*60 {
		t.fail("The token lives %.0f minutes; the gallery wants 60 to 360.", token.seconds/60)
	}
	t.taken(token)
}

func federation(t *try) {
	if t.c.TokenEndpoint == "" || t.c.Assertion == "" {
		t.skip("No token endpoint with client assertion was given.")
	}
	token := t.federated
	if token.value == "" {
		var err error
		if token, err = t.fetchToken(true); err != nil {
			t.fail("%v.", err)
		}
	}
	t.taken(token)
}

// taken ends the test unless the provider takes the token.
func (t *try) taken(token bearer) {
	runner := *t.runner
	runner.c.Token = token.value
	with := *t
	with.runner = &runner
	a, err := with.exchange(http.MethodGet, "/Users", url.Values{"count": {"1"}}, nil)
	if err != nil {
		t.fail("%v.", err)
	}
	t.need(a, http.StatusOK)
}
