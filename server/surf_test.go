package server

import (
	"encoding/base64"
	"html"
	"io"
	"net/url"
	"regexp"
	"strings"
)

var (
	formAction = regexp.MustCompile(`(?is)<form[^>]*\saction=["']([^"']*)["']`)
	formInput  = regexp.MustCompile(`(?is)<input[^>]*>`)
	formName   = regexp.MustCompile(`(?i)\sname=["']([^"']*)["']`)
	formValue  = regexp.MustCompile(`(?i)\svalue=["']([^"']*)["']`)
)

// surf opens an address as a person does: it follows redirects, fills ada's
// password in, and sends on forms that carry a SAML message, until a page has
// none of these.
func (v *visitor) surf(address string) (status int, page string) {
	v.t.Helper()
	resp, err := v.own.Get(address)
	for range 15 {
		if err != nil {
			v.t.Fatal(err)
		}
		body, readErr := io.ReadAll(resp.Body)
		resp.Body.Close() //nolint:errcheck // read to its end
		if readErr != nil {
			v.t.Fatal(readErr)
		}
		at := resp.Request.URL
		if to, err := resp.Location(); err == nil && resp.StatusCode >= 300 && resp.StatusCode < 400 {
			address = to.String()
			resp, err = v.own.Get(address)
			if err != nil {
				v.t.Fatal(err)
			}
			continue
		}
		action, fields := formIn(string(body))
		if fields == nil {
			return resp.StatusCode, string(body)
		}
		to, parseErr := at.Parse(action)
		if parseErr != nil {
			v.t.Fatal(parseErr)
		}
		if raw, err := base64.StdEncoding.DecodeString(fields.Get("SAMLResponse")); err == nil && len(raw) > 0 {
			v.carried = string(raw)
		}
		browser := v.own
		if at.Host != to.Host {
			browser = v.crossSite
		}
		resp, err = browser.PostForm(to.String(), fields)
	}
	v.t.Fatalf("there is no end to it; the last address is %s", address)
	return 0, ""
}

// formIn finds the form to be sent on: one with a password to fill in, or with
// a SAML message.
func formIn(page string) (action string, fields url.Values) {
	for i, form := range strings.Split(page, "<form") {
		if i == 0 {
			continue
		}
		form, _, _ = strings.Cut("<form"+form, "</form>")
		found := formAction.FindStringSubmatch(form)
		if found == nil {
			continue
		}
		fields = url.Values{}
		for _, input := range formInput.FindAllString(form, -1) {
			if name := formName.FindStringSubmatch(input); name != nil {
				fields.Set(html.UnescapeString(name[1]), "")
				if value := formValue.FindStringSubmatch(input); value != nil {
					fields.Set(html.UnescapeString(name[1]), html.UnescapeString(value[1]))
				}
			}
		}
		if fields.Has("password") {
			fields.Set("username", "ada")
			fields.Set("password", "correct horse")
		} else if !fields.Has("SAMLResponse") && !fields.Has("SAMLRequest") {
			continue
		}
		return html.UnescapeString(found[1]), fields
	}
	return "", nil
}
