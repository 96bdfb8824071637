package cli

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// actRequest is what an administrator wants done to a person.
type actRequest struct {
	Who   string   `json:"who"`
	Act   EntraAct `json:"act"`
	Roles []string `json:"roles,omitempty"`
}

// controlHandler lets a second terminal be the Entra administrator. It listens
// on loopback, but so may other people of the machine, and any web page can
// send requests there: hence the token in a header.
func controlHandler(e Entra, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /alive", func(w http.ResponseWriter, r *http.Request) { answer(w, struct{}{}, nil) })
	mux.HandleFunc("GET /people", func(w http.ResponseWriter, r *http.Request) { answer(w, e.People(), nil) })
	mux.HandleFunc("POST /people", func(w http.ResponseWriter, r *http.Request) {
		var p EntraPerson
		if err := read(w, r, &p); err != nil {
			answer(w, nil, err)
			return
		}
		added, err := e.Add(r.Context(), p)
		answer(w, added, refused(err))
	})
	mux.HandleFunc("POST /acts", func(w http.ResponseWriter, r *http.Request) {
		var a actRequest
		if err := read(w, r, &a); err != nil {
			answer(w, nil, err)
			return
		}
		p, err := act(r.Context(), e, a)
		answer(w, p, err)
	})
	mux.HandleFunc("POST /certificate", func(w http.ResponseWriter, r *http.Request) {
		answer(w, struct{}{}, refused(e.RollCertificate()))
	})
	mux.HandleFunc("POST /graph-token", func(w http.ResponseWriter, r *http.Request) {
		answer(w, graphTokenDoc{e.GraphToken()}, nil)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			answer(w, nil, problem.New(problem.NoDevRunning))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// act finds the person and does what is asked.
func act(ctx context.Context, e Entra, a actRequest) (EntraPerson, error) {
	p, err := findInEntra(e.People(), a.Who)
	if err != nil {
		return p, err
	}
	if a.Act == EntraRestore && !p.Deleted {
		return p, problem.Detailf(problem.DevEntraRefused, "%s is not deleted. To allow a disabled person's sign-in: lanyardd dev entra enable", p.UserPrincipalName)
	}
	if err := e.Act(ctx, p.ObjectID, a.Act, a.Roles...); err != nil {
		return p, refused(err)
	}
	for _, after := range e.People() {
		if after.ObjectID == p.ObjectID {
			return after, nil
		}
	}
	return p, nil // purged
}

// refused gives what the local Entra says against a change its code.
func refused(err error) error { return problem.Wrap(problem.DevEntraRefused, err) }

// findInEntra finds someone by user principal name, object id, address or, as
// in a terminal one types it a lot, what stands before the @.
func findInEntra(people []EntraPerson, who string) (EntraPerson, error) {
	var names []string
	for _, p := range people {
		before, _, _ := strings.Cut(p.UserPrincipalName, "@")
		for _, name := range []string{p.UserPrincipalName, p.ObjectID, p.Mail, before} {
			if name != "" && strings.EqualFold(name, who) {
				return p, nil
			}
		}
		names = append(names, p.UserPrincipalName, before)
	}
	return EntraPerson{}, problem.Detailf(problem.UnknownPerson, "%q is not in the local Entra.%s See all with: lanyardd dev entra list", who, didYouMean(who, names))
}

// read decodes a request of at most 64 KiB.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(v); err != nil {
		return problem.Wrap(problem.BadRequest, err)
	}
	return nil
}

// answer writes v or, where there is an error, an RFC 9457 problem document.
// The cause is in it: the only reader is the person who runs dev.
func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		code, text := problem.Of(err)
		detail := problem.DetailOf(err)
		if detail == "" {
			detail = causeOf(err)
		}
		status = text.Status
		v = api.Problem{Type: "about:blank", Title: text.Sentence, Status: status, Detail: detail, Code: string(code), Next: text.Next, Who: string(text.Who)}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the peer hung up
}

// controlClient talks to the control service of a running dev.
type controlClient struct {
	record devRecord
	http   *http.Client
}

func newControlClient(r devRecord) *controlClient {
	// No proxy: the service is on this machine, whatever the environment says.
	return &controlClient{r, &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}}
}

func (k *controlClient) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	at, err := url.Parse(k.record.Control)
	if err != nil || !isLoopback(at.Hostname()) {
		return problem.Wrap(problem.NoDevRunning, errors.New("the state file names another machine"))
	}
	req, err := http.NewRequestWithContext(ctx, method, k.record.Control+path, body)
	if err != nil {
		return problem.Wrap(problem.NoDevRunning, err)
	}
	req.Header.Set("Authorization", "Bearer "+k.record.Token)
	resp, err := k.http.Do(req)
	if err != nil {
		return problem.Wrap(problem.NoDevRunning, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var p api.Problem
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Code == "" {
			return problem.Wrap(problem.NoDevRunning, fmt.Errorf("%s answered %s", k.record.Control, resp.Status))
		}
		return &problem.Error{Code: problem.Code(p.Code), Detail: p.Detail}
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
