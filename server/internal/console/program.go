package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// program serves a route to a program, in JSON.
func (o *Console) program(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := o.admit(r, rt)
		if err != nil {
			failJSON(w, r, err)
			return
		}
		out, err := o.ask(w, r, c, rt)
		c.send(w)
		if err != nil {
			failJSON(w, r, err)
			return
		}
		if f, is := out.(File); is {
			serveFile(w, f)
			return
		}
		if err := api.Write(w, http.StatusOK, out); err != nil {
			failJSON(w, r, err)
		}
	})
}

func (o *Console) ask(w http.ResponseWriter, r *http.Request, c *Call, rt Route) (any, error) {
	if rt.kind != act {
		return rt.run(r.Context(), c, func(in any) error {
			return posted{values: r.URL.Query()}.fill(o.decoder, in, pathValues(rt, r), true)
		})
	}
	// A page of another site cannot send JSON without asking first, and is not
	// allowed to.
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") && r.ContentLength != 0 {
		return nil, problem.Detailf(problem.BadRequest, "The Content-Type must be application/json.")
	}
	leave, err := o.enterLine(r.Context(), c, rt)
	if err != nil {
		return nil, err
	}
	defer leave()
	in, err := receive(w, r, rt.in)
	if err == nil {
		err = o.readmit(r, c, rt)
	}
	if err != nil {
		return nil, err
	}
	if rt.Access.StepUp && !c.Me.Fresh && !c.Me.Bearer {
		r.PostForm = in.values
		if !in.values.Has("stepup_code") && !in.values.Has("stepup_passkey") {
			return nil, problem.New(problem.StepUpNeeded)
		}
		if err := o.cfg.Sentry.Prove(r.Context(), c.Me, r); err != nil {
			return nil, err
		}
	}
	in = in.without()
	return o.perform(r.Context(), c, rt, func(v any) error { return in.fill(o.decoder, v, pathValues(rt, r), true) })
}

// fieldProblem is one field's fault in JSON.
type fieldProblem struct {
	Field    string       `json:"field"`
	Code     problem.Code `json:"code"`
	Sentence string       `json:"sentence"`
	Detail   string       `json:"detail,omitempty"`
	Next     string       `json:"next"`
}

func failJSON(w http.ResponseWriter, r *http.Request, err error) {
	api.FailWith(w, r, err, func(p api.Problem) any {
		all := struct {
			api.Problem
			Faults []fieldProblem `json:"faults,omitempty"`
			// Conflict is what is stored, where somebody else was quicker.
			Conflict any `json:"conflict,omitempty"`
		}{Problem: p}
		for _, f := range faultsOf(err) {
			code, text := problem.Of(f.Err)
			all.Faults = append(all.Faults, fieldProblem{f.Field, code, text.Sentence, problem.DetailOf(f.Err), text.Next})
		}
		var c *clash
		if errors.As(err, &c) {
			all.Conflict = c.theirs
		}
		return all
	})
}

// Do does what a route does for a command on the server's machine: the same
// function, with the input's fields by their names, who "operator (command)" is,
// and the same entry in the audit log. workspace is "" where the route has none.
func (o *Console) Do(ctx context.Context, name, workspace string, values url.Values, files map[string]Upload) (any, error) {
	rt, ok := o.routes[name]
	if !ok || rt.kind == raw {
		return nil, problem.Detailf(problem.NotFound, "No act or page is called %.60q.", name)
	}
	c := o.call(nil)
	c.Me = Principal{ID: "operator", Operator: true, Fresh: true}
	path := map[string]string{}
	for _, n := range names(rt.Path) {
		switch v := values.Get(n); {
		case n == "ws":
			path[n] = workspace
		case v == "":
			return nil, problem.Detailf(problem.BadRequest, "It needs %s.", n)
		default:
			path[n] = v
		}
	}
	if err := o.enter(ctx, c, rt, workspace); err != nil {
		return nil, err
	}
	c.fixed = path
	return o.perform(ctx, c, rt, func(in any) error {
		return posted{values: values, files: files}.fill(o.decoder, in, path, true)
	})
}

// WriteJSON is how an answer of [Console.Do] is printed.
func WriteJSON(v any) ([]byte, error) {
	if f, is := v.(File); is {
		return f.Data, nil
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return append(text, '\n'), nil
}
