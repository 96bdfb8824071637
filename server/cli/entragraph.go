package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/register"
)

// graphTime is how long all that is asked of Microsoft Graph may take,
// graphPages how many pages of a list are read (100 assignments stand on one),
// and graphTries how often it is asked the same while it has no time.
const (
	graphTime  = time.Minute
	graphPages = 100
	graphTries = 4
)

// graph asks Microsoft Graph, and changes nothing there.
type graph struct {
	base  *url.URL // …/v1.0
	token string
	http  *http.Client
	wait  func(context.Context, time.Duration) error
}

// newGraph checks that the token would be sent to Microsoft, or to this machine.
func newGraph(address, token string) (*graph, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, problem.Detailf(problem.BadUsage, "--graph-url is not an address such as %s.", register.GraphURL)
	}
	switch {
	case u.Scheme == "https" && u.Port() == "" && slices.Contains(register.GraphHosts(), strings.ToLower(u.Hostname())):
	case (u.Scheme == "https" || u.Scheme == "http") && api.Loopback(u.Hostname()):
	default:
		return nil, problem.Detailf(problem.BadUsage, "The token is sent to Microsoft Graph only: https:// and %s.", strings.Join(register.GraphHosts(), ", "))
	}
	if path := strings.Trim(u.Path, "/"); path == "" {
		u.Path = "/v1.0"
	} else if path != "v1.0" {
		return nil, problem.Detailf(problem.BadUsage, "--graph-url ends with /v1.0.")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return &graph{base: u, token: token, wait: waitFor, http: &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token stays here
	}}, nil
}

// registration fetches an application with its enterprise application, the
// consents and the assignments. What the token may not see is left out.
func (g *graph) registration(c *command, clientID string) (register.Application, *register.ServicePrincipal, error) {
	ctx, cancel := context.WithTimeout(c.ctx, graphTime)
	defer cancel()
	key := "(appId='" + url.PathEscape(clientID) + "')"
	raw, err := g.get(ctx, "/applications"+key)
	if err != nil {
		return register.Application{}, nil, err
	}
	a, err := register.ParseApplication(raw)
	if err != nil {
		return a, nil, graphAnswer(err)
	}
	raw, err = g.get(ctx, "/servicePrincipals"+key)
	if code, _ := problem.Of(err); code == problem.GraphNotFound {
		return a, nil, problem.Detailf(code, "There is an app registration, but no enterprise application: az ad sp create --id %s.", a.AppID)
	}
	if err != nil {
		return a, nil, err
	}
	sp, err := register.ParseServicePrincipal(raw)
	if err != nil {
		return a, nil, graphAnswer(err)
	}
	if sp.Grants, err = graphList[register.Grant](ctx, g, "/servicePrincipals/"+url.PathEscape(sp.ID)+"/oauth2PermissionGrants"); forbidden(err) {
		c.say("Whether an administrator has consented was not looked at: the token has no DelegatedPermissionGrant.Read.All.")
	} else if err != nil {
		return a, nil, err
	}
	if sp.Assignments, err = graphList[register.Assignment](ctx, g, "/servicePrincipals/"+url.PathEscape(sp.ID)+"/appRoleAssignedTo"); forbidden(err) {
		c.say("Whether somebody is assigned with Default Access was not looked at: the token may not read assignments.")
	} else if err != nil {
		return a, nil, err
	}
	return a, &sp, nil
}

func forbidden(err error) bool {
	code, _ := problem.Of(err)
	return code == problem.GraphForbidden
}

func graphAnswer(err error) error {
	return problem.Detailf(problem.GraphAnswer, "%s", problem.DetailOf(err))
}

// graphList reads a list to its end. It is never nil.
func graphList[T any](ctx context.Context, g *graph, path string) ([]T, error) {
	all := []T{}
	for range graphPages {
		raw, err := g.get(ctx, path)
		if err != nil {
			return nil, err
		}
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, problem.Detailf(problem.GraphAnswer, "It is not a list.")
		}
		all = append(all, page.Value...)
		if page.Next == "" {
			return all, nil
		}
		next, ok := strings.CutPrefix(page.Next, g.base.String())
		if !ok || !strings.HasPrefix(next, "/") {
			return nil, problem.Detailf(problem.GraphAnswer, "The rest of a list is at another address.")
		}
		path = next
	}
	return nil, problem.Detailf(problem.GraphAnswer, "A list has more than %d pages.", graphPages)
}

// waitFor waits, unless ctx ends before.
func waitFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get reads the answer to a request. Where Graph has no time it asks again when
// it was told to ("Microsoft Graph throttling guidance"), if there is time left.
func (g *graph) get(ctx context.Context, path string) ([]byte, error) {
	for try := 0; ; try++ {
		body, after, err := g.ask(ctx, path)
		if code, _ := problem.Of(err); code != problem.GraphBusy || try == graphTries-1 {
			return body, err
		}
		pause := time.Second << try
		if n, bad := strconv.Atoi(after); bad == nil && n >= 0 {
			pause = time.Duration(min(n, 1<<20)) * time.Second
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < pause {
			return nil, err
		}
		if ended := g.wait(ctx, pause); ended != nil {
			return nil, err
		}
	}
}

// ask makes one request. With GraphBusy it returns what Retry-After says.
func (g *graph) ask(ctx context.Context, path string) (body []byte, after string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.base.String()+path, nil)
	if err != nil {
		return nil, "", fmt.Errorf("asking Microsoft Graph: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Accept", "application/json")
	res, err := g.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address is in the message already
		}
		return nil, "", problem.Detailf(problem.GraphUnreachable, "%s: %v.", g.base.Host, err)
	}
	defer res.Body.Close() // only read from
	body, err = io.ReadAll(io.LimitReader(res.Body, register.MaxApplication+1))
	switch {
	case err != nil:
		return nil, "", problem.Detailf(problem.GraphUnreachable, "%s: the answer broke off.", g.base.Host)
	case len(body) > register.MaxApplication:
		return nil, "", problem.Detailf(problem.GraphAnswer, "It has more than %d bytes.", register.MaxApplication)
	case res.StatusCode == http.StatusOK:
		return body, "", nil
	}
	return nil, res.Header.Get("Retry-After"), graphRefusal(res.StatusCode, body)
}

// graphRefusal explains an error of Graph's. Of its text only the code is
// shown, and only where it is a word.
func graphRefusal(status int, body []byte) error {
	var doc struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &doc) // what is no error of Graph's has no code
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return -1
	}, doc.Error.Code)
	said := fmt.Sprintf("It answered with %d %s.", status, name[:min(len(name), 80)])
	said = strings.Replace(said, " .", ".", 1)
	switch status {
	case http.StatusUnauthorized:
		return problem.Detailf(problem.GraphToken, "%s", said)
	case http.StatusForbidden:
		return problem.Detailf(problem.GraphForbidden, "%s", said)
	case http.StatusNotFound:
		return problem.Detailf(problem.GraphNotFound, "%s", said)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return problem.Detailf(problem.GraphBusy, "%s", said)
	case http.StatusBadGateway:
		return problem.Detailf(problem.GraphUnreachable, "%s", said)
	}
	return problem.Detailf(problem.GraphAnswer, "%s", said)
}
