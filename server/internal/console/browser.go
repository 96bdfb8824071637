package console

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/api"
)

// browser serves a route to a browser.
func (o *Console) browser(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := o.admit(r, rt)
		switch {
		case err != nil:
			o.refuse(w, r, c, rt, err)
		case rt.kind == raw:
			if err := rt.serve(w, r, c); err != nil {
				o.fail(w, r, c, err)
			}
		case rt.kind == act:
			o.act(w, r, c, rt)
		case strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
			o.live(w, r, c, rt)
		default:
			o.look(w, r, c, rt)
		}
	})
}

// refuse answers who may not: where nobody is signed in, by the page to do so.
func (o *Console) refuse(w http.ResponseWriter, r *http.Request, c *Call, rt Route, err error) {
	code, _ := problem.Of(err)
	if code != problem.AdminSignIn || o.cfg.SignIn == "" || rt.kind == download {
		o.fail(w, r, c, err)
		return
	}
	// Back to the page itself. What was sent is not kept: whoever signs in may be
	// somebody else.
	next := r.URL.RequestURI()
	if rt.Mutates() {
		next = ""
	}
	to := o.cfg.URL.Path + o.routes[o.cfg.SignIn].Path
	if next != "" {
		to += "?next=" + url.QueryEscape(next)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// look serves a page or a download.
func (o *Console) look(w http.ResponseWriter, r *http.Request, c *Call, rt Route) {
	out, err := rt.run(r.Context(), c, func(in any) error {
		return posted{values: r.URL.Query()}.fill(o.decoder, in, pathValues(rt, r), false)
	})
	if err != nil {
		o.fail(w, r, c, err)
		return
	}
	c.send(w)
	switch v := out.(type) {
	case File:
		serveFile(w, v)
	case View:
		o.show(w, r, c, v, shown{flash: flashed(w, r, c)})
	}
}

// Sends a file. Nothing of it runs: it is saved, or a picture.
func serveFile(w http.ResponseWriter, f File) {
	h := w.Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	if !f.Inline {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	}
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; style-src 'unsafe-inline'")
	_, _ = w.Write(f.Data)
}

// act serves an act.
func (o *Console) act(w http.ResponseWriter, r *http.Request, c *Call, rt Route) {
	leave, err := o.enterLine(r.Context(), c, rt)
	if err != nil {
		o.fail(w, r, c, err)
		return
	}
	defer leave()
	in, err := receive(w, r, rt.in)
	if err == nil {
		if err := o.readmit(r, c, rt); err != nil {
			o.refuse(w, r, c, rt, err)
			return
		}
		if ok, err := o.proved(w, r, c, rt, in); !ok {
			if err != nil {
				o.fail(w, r, c, err)
			}
			return
		}
	}
	var out any
	if err == nil {
		in = in.without()
		out, err = o.perform(r.Context(), c, rt, func(v any) error { return in.fill(o.decoder, v, pathValues(rt, r), true) })
	}
	if err != nil {
		o.again(w, r, c, rt, in, err)
		return
	}
	c.send(w)
	switch v := out.(type) {
	case View:
		o.show(w, r, c, v, shown{})
	case onward:
		d := v.done()
		flash(w, c, d.Say)
		http.Redirect(w, r, local(d.To, o.cfg.URL.Path), http.StatusSeeOther)
	default:
		o.fail(w, r, c, fmt.Errorf("console: %s answered a %T, which leads nowhere", rt.Name, out))
	}
}

// local is to where it leads to a page of the console, else the console.
func local(to, root string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || strings.ContainsAny(to, "\\\r\n\t") ||
		strings.HasPrefix(to, "//") || !strings.HasPrefix(path.Clean("/"+u.Path)+"/", root+"/") {
		return root + "/"
	}
	return to
}

// Local returns next, which came from outside, where it leads to a page of the
// console; else the console's first page.
func (c *Call) Local(next string) string { return local(next, c.Console.Path) }

// proved says whether whoever asks has proved who they are as an act wants it.
// Where not, it has asked them, keeping the form.
func (o *Console) proved(w http.ResponseWriter, r *http.Request, c *Call, rt Route, in posted) (bool, error) {
	if !rt.Access.StepUp || c.Me.Fresh || c.Me.Operator || c.Me.Bearer {
		return true, nil
	}
	var refused error
	if in.values.Has("stepup_code") || in.values.Has("stepup_passkey") {
		if refused = o.cfg.Sentry.Prove(r.Context(), c.Me, r); refused == nil {
			c.Me.Fresh = true
			return true, nil
		}
	}
	how, err := o.cfg.Sentry.Challenge(r.Context(), c.Me)
	if err != nil {
		return false, fmt.Errorf("asking who it is: %w", err)
	}
	p := proofPage{Action: r.URL.Path, Kept: kept(in.without().values), Passkey: how.PasskeyOptions, TOTP: how.TOTP}
	o.show(w, r, c, p, shown{err: refused, status: http.StatusForbidden})
	return false, nil
}

// again shows the page that an act belongs to once more, with what was entered
// and why it was refused.
func (o *Console) again(w http.ResponseWriter, r *http.Request, c *Call, rt Route, in posted, err error) {
	before := o.routes[rt.on]
	if rt.on == "" {
		o.fail(w, r, c, err)
		return
	}
	second := o.call(r)
	second.Me, second.Workspace = c.Me, c.Workspace
	if c.Me.may(before.Access, c.Workspace.ID) != nil {
		o.fail(w, r, c, err)
		return
	}
	out, perr := before.run(r.Context(), second, func(v any) error {
		return posted{values: r.URL.Query()}.fill(o.decoder, v, pathValues(before, r), false)
	})
	v, ok := out.(View)
	if perr != nil || !ok {
		o.fail(w, r, c, err)
		return
	}
	c.send(w)
	entered := in.without().values
	var secret interface{ Forget() []string } // fields that must not be shown again
	if errors.As(err, &secret) {
		for _, field := range secret.Forget() {
			delete(entered, field)
		}
	}
	o.show(w, r, second, v, shown{err: err, entered: entered, status: statusOf(err), page: second.Path(rt.on)})
}

func statusOf(err error) int {
	_, text := problem.Of(err)
	return text.Status
}

// fail shows a problem as a page of its own.
func (o *Console) fail(w http.ResponseWriter, r *http.Request, c *Call, err error) {
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	c.send(w)
	if strings.HasPrefix(r.URL.Path, API+"/") || c.Me.Bearer {
		failJSON(w, r, err)
		return
	}
	code, text := problem.Of(err)
	o.show(w, r, c, problemPage{Code: code, Text: text}, shown{err: err, status: text.Status})
}

// send sends the cookies of a call.
func (c *Call) send(w http.ResponseWriter) {
	for _, k := range c.cookies {
		http.SetCookie(w, k)
	}
	c.cookies = nil
}

// flashCookie carries a sentence from an act to the page after it.
const flashCookie = "lanyard-said"

// cookieName gives a cookie the prefix that ties it to this host (RFC 6265bis,
// section 4.1.3.2), where there is TLS.
func (c *Call) cookieName(name string) string {
	if c.Console.Scheme == "https" {
		return "__Host-" + name
	}
	return name
}

func flash(w http.ResponseWriter, c *Call, say string) {
	if say == "" {
		return
	}
	for len(say) > 1500 {
		_, n := utf8.DecodeLastRuneInString(say)
		say = say[:len(say)-n]
	}
	http.SetCookie(w, &http.Cookie{
		Name: c.cookieName(flashCookie), Value: base64.RawURLEncoding.EncodeToString([]byte(say)), Path: "/", MaxAge: 60,
		Secure: c.Console.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// flashed takes the sentence that an act left.
func flashed(w http.ResponseWriter, r *http.Request, c *Call) string {
	k, err := r.Cookie(c.cookieName(flashCookie))
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{
		Name: k.Name, Path: "/", MaxAge: -1, Secure: c.Console.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	say, err := base64.RawURLEncoding.DecodeString(k.Value)
	if err != nil || !utf8.Valid(say) {
		return ""
	}
	return string(say)
}

// shown is what stands around a page.
type shown struct {
	err     error
	entered url.Values
	flash   string
	status  int
	page    string // the address of the page that an act was refused on
}

// show draws a page and sends it.
func (o *Console) show(w http.ResponseWriter, r *http.Request, c *Call, v View, s shown) {
	if s.err != nil {
		api.TraceOf(r.Context()).Err = s.err
	}
	c.send(w)
	b, err := o.drawn(o.frame(r.Context(), c, v, s))
	if err != nil {
		api.TraceOf(r.Context()).Err = err
		if _, is := v.(problemPage); is {
			http.Error(w, "The page could not be drawn.", http.StatusInternalServerError)
			return
		}
		o.fail(w, r, c, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	if s.status == 0 {
		s.status = http.StatusOK
	}
	w.WriteHeader(s.status)
	_, _ = w.Write(b.Bytes()) // the reader may have gone; there is nobody left to tell
}
