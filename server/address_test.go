package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/domains"
)

// req: F4
func TestAddress_itIsConfirmedByAButtonBehindTheMailedLink(t *testing.T) {
	w := newLocal(t, "sqlite")
	w.person("u-bo", "bo@acme.example", "bo")
	flow := &domains.Flow{Store: w.store, Mail: postbox{w.mails}, PublicURL: w.r.server.cfg.PublicURL}
	_, err := flow.ChangeEmail(t.Context(), "acme", "Ada", "u-bo", 0, "bo.b@acme.example")
	w.must(err)
	<-w.mails.got
	_, link, _ := strings.Cut(w.mails.last().Text, "UTC:\n\n")
	link, _, _ = strings.Cut(link, "\n")
	page := w.call(nil, "GET", link, nil)
	if body := text(t, page); page.StatusCode != http.StatusOK || !strings.Contains(body, "bo.b@acme.example was entered as yours") || page.Header.Get("Referrer-Policy") != "same-origin" {
		t.Fatalf("%d %s", page.StatusCode, body)
	}
	u, err := url.Parse(link)
	w.must(err)
	form := url.Values{"t": {u.Query().Get("t")}}
	at := w.r.URL + "/w/acme/address/confirm"
	resp := w.call(nil, "POST", at, form)
	if body := text(t, resp); resp.StatusCode != http.StatusOK || !strings.Contains(body, "is confirmed") || len(resp.Cookies()) != 0 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	w.says(w.call(nil, "POST", at, form), problem.EmailLink)
	w.says(w.call(nil, "GET", link, nil), problem.EmailLink)
	w.says(w.call(nil, "GET", at, nil), problem.EmailLink)
}

// postbox is a mailbox as flows know one.
type postbox struct{ *mailbox }

func (p postbox) Queue(ctx context.Context, m directory.Mail) (string, error) {
	return "", p.put(ctx, m)
}
