package entratest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Control is a management API (JSON over HTTP) for programs that do not run
// in this process: `lanyardd dev entra …`, tests in other languages. Every
// request needs "Authorization: Bearer <token>". It manages the tenant that
// the query names (tenant=ID or domain), or the first.
//
//	GET  /users                      list
//	POST /users                      add ({"user_principal_name", "name", "given_name", …})
//	POST /users/{who}/disable        also enable, delete (recycle bin), restore, purge, revoke
//	POST /users/{who}/assign         {"client_id", "roles": [...]}; client_id defaults to the first app
//	POST /users/{who}/unassign       {"client_id"}
//	POST /clock                      {"advance": "1h30m"}
//	POST /keys/rotate
//	POST /cycle                      run a cycle of every provisioning job
//	GET  /saml                       the single sign-on page of the app client_id, or the first: [ControlSAML]
//	PUT  /saml                       save it
//	POST /saml/certificates          add one ({"lifetime": "720h"})
//	POST /saml/certificates/{thumbprint}/activate   also remove
//	POST /saml/roll                  add one and activate it
//
// {who} is a user principal name or an object id, percent-encoded. A change
// answers when provisioning has pushed it. Errors are {"error": "…"}.
func (e *Entra) Control(token string) http.Handler {
	mux := http.NewServeMux()
	e.controlSAML(mux)
	mux.HandleFunc("GET /users", e.controlled(func(r *http.Request, t *Tenant) (any, error) {
		list := []ControlUser{}
		for _, u := range t.Users() {
			list = append(list, controlUser(u))
		}
		return list, nil
	}))
	mux.HandleFunc("POST /users", e.controlled(func(r *http.Request, t *Tenant) (any, error) {
		var in ControlUser
		if err := readBody(r, &in); err != nil {
			return nil, err
		}
		u, err := t.CreateUser(in.user())
		if err != nil {
			return nil, err
		}
		return controlUser(*u), nil
	}))
	mux.HandleFunc("POST /users/{who}/{act}", e.controlled(e.controlUser))
	mux.HandleFunc("POST /clock", e.controlled(func(r *http.Request, _ *Tenant) (any, error) {
		var in struct{ Advance string }
		if err := readBody(r, &in); err != nil {
			return nil, err
		}
		d, err := time.ParseDuration(in.Advance)
		if err != nil {
			return nil, fmt.Errorf("advance: %w", err)
		}
		e.Advance(d)
		return map[string]string{"now": e.Now().Format(time.RFC3339)}, nil
	}))
	mux.HandleFunc("POST /keys/rotate", e.controlled(func(*http.Request, *Tenant) (any, error) {
		return map[string]string{}, e.RotateKeys()
	}))
	mux.HandleFunc("POST /cycle", e.controlled(func(r *http.Request, _ *Tenant) (any, error) {
		var failed []error
		for _, p := range e.core.allJobs() {
			failed = append(failed, p.Cycle(r.Context()))
		}
		return map[string]string{}, errors.Join(failed...)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" || !equalSecret(token, given) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "the control token is wrong"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		mux.ServeHTTP(w, r)
	})
}

func (c *core) allJobs() []*Provisioner {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Provisioner(nil), c.jobs...)
}

// controlled finds the tenant, runs f and waits for provisioning.
func (e *Entra) controlled(f func(*http.Request, *Tenant) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t := e.Tenant(r.URL.Query().Get("tenant"))
		if all := e.Tenants(); t == nil && len(all) > 0 && !r.URL.Query().Has("tenant") {
			t = all[0]
		}
		if t == nil {
			writeJSON(w, http.StatusNotFound, map[string]string{"error": "there is no such tenant"})
			return
		}
		out, err := f(r, t)
		for _, p := range e.core.allJobs() {
			if err == nil && r.Method != http.MethodGet {
				err = p.Settle(r.Context())
			}
		}
		switch {
		case errors.Is(err, ErrNotFound):
			writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		case err != nil:
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		default:
			writeJSON(w, http.StatusOK, out)
		}
	}
}

// controlUser does one thing to one person.
func (e *Entra) controlUser(r *http.Request, t *Tenant) (any, error) {
	who := t.User(r.PathValue("who"))
	if who == nil {
		return nil, fmt.Errorf("user %q: %w", r.PathValue("who"), ErrNotFound)
	}
	var in assignment
	if err := readBody(r, &in); err != nil {
		return nil, err
	}
	act := r.PathValue("act")
	app, err := t.controlApp(in.ClientID)
	if err != nil && (act == "assign" || act == "unassign") {
		return nil, err
	}
	do := map[string]func() error{
		"disable": func() error { return t.Disable(who) }, "enable": func() error { return t.Enable(who) },
		"delete": func() error { return t.SoftDelete(who) }, "restore": func() error { return t.Restore(who) },
		"purge": func() error { return t.Delete(who) }, "revoke": func() error { return t.RevokeSessions(who) },
		"assign":   func() error { return t.Assign(app, who, in.Roles...) },
		"unassign": func() error { return t.Unassign(app, who) },
	}[act]
	if do == nil {
		return nil, fmt.Errorf("action %q: %w", act, ErrNotFound)
	}
	if err := do(); err != nil {
		return nil, err
	}
	if after := t.User(who.ObjectID); after != nil {
		who = after
	}
	return controlUser(*who), nil
}

type assignment struct {
	ClientID string   `json:"client_id,omitempty"`
	Roles    []string `json:"roles,omitempty"`
}

// readBody reads a JSON body; an empty one leaves v alone.
func readBody(r *http.Request, v any) error {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("the body: %w", err)
	}
	return nil
}

// ControlUser is a person as the management API writes them.
type ControlUser struct {
	ObjectID          string `json:"object_id,omitempty"`
	UserPrincipalName string `json:"user_principal_name"`
	Name              string `json:"name,omitempty"`
	GivenName         string `json:"given_name,omitempty"`
	Surname           string `json:"surname,omitempty"`
	Mail              string `json:"mail,omitempty"`
	Title             string `json:"title,omitempty"`
	Department        string `json:"department,omitempty"`
	Password          string `json:"password,omitempty"`
	Guest             bool   `json:"guest,omitempty"`
	Disabled          bool   `json:"disabled,omitempty"`
	Deleted           bool   `json:"deleted,omitempty"`
}

func controlUser(u User) ControlUser {
	return ControlUser{
		ObjectID: u.ObjectID, UserPrincipalName: u.UserPrincipalName, Name: u.DisplayName, GivenName: u.GivenName,
		Surname: u.Surname, Mail: u.Mail, Title: u.JobTitle, Department: u.Department, Password: u.Password,
		Guest: u.Guest, Disabled: u.Disabled, Deleted: u.Deleted,
	}
}

func (u ControlUser) user() User {
	return User{
		ObjectID: u.ObjectID, UserPrincipalName: u.UserPrincipalName, DisplayName: u.Name, GivenName: u.GivenName,
		Surname: u.Surname, Mail: u.Mail, JobTitle: u.Title, Department: u.Department, Password: u.Password,
		Guest: u.Guest, Disabled: u.Disabled,
	}
}

// ControlClient speaks the API of [Entra.Control].
type ControlClient struct {
	Base   *url.URL
	Token  string
	Tenant string       // id or domain; "" is the first
	HTTP   *http.Client // nil is http.DefaultClient
}

// Users lists everybody.
func (c *ControlClient) Users(ctx context.Context) ([]ControlUser, error) {
	var list []ControlUser
	err := c.call(ctx, http.MethodGet, "/users", nil, &list)
	return list, err
}

// AddUser adds a person and returns them complete.
func (c *ControlClient) AddUser(ctx context.Context, u ControlUser) (ControlUser, error) {
	var out ControlUser
	err := c.call(ctx, http.MethodPost, "/users", u, &out)
	return out, err
}

// Do disables, enables, deletes, restores, purges or revokes a person: act is
// that word of [Entra.Control].
func (c *ControlClient) Do(ctx context.Context, who, act string) error {
	return c.call(ctx, http.MethodPost, "/users/"+url.PathEscape(who)+"/"+url.PathEscape(act), nil, nil)
}

// Assign gives a person access to the first app.
func (c *ControlClient) Assign(ctx context.Context, who string, roles ...string) error {
	return c.call(ctx, http.MethodPost, "/users/"+url.PathEscape(who)+"/assign", assignment{Roles: roles}, nil)
}

// Advance moves the clock.
func (c *ControlClient) Advance(ctx context.Context, d time.Duration) error {
	return c.call(ctx, http.MethodPost, "/clock", map[string]string{"advance": d.String()}, nil)
}

// RotateKeys is [Entra.RotateKeys].
func (c *ControlClient) RotateKeys(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/keys/rotate", nil, nil)
}

// Cycle runs a cycle of every provisioning job.
func (c *ControlClient) Cycle(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/cycle", nil, nil)
}

func (c *ControlClient) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	address := strings.TrimSuffix(c.Base.String(), "/") + path
	if c.Tenant != "" {
		address += "?" + url.Values{"tenant": {c.Tenant}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	res, err := hc.Do(req)
	if err != nil {
		return fmt.Errorf("entratest: no answer from the local Entra: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end or given up
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return fmt.Errorf("entratest: the answer broke off: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		var e struct{ Error string }
		if json.Unmarshal(raw, &e) != nil || e.Error == "" {
			e.Error = res.Status
		}
		err := errors.New("entratest: " + e.Error)
		if res.StatusCode == http.StatusNotFound {
			err = fmt.Errorf("%w (%s)", ErrNotFound, e.Error)
		}
		return err
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}
