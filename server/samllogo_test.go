package server

import (
	"image/png"
	"net/http"
	"testing"
)

// req: B14
func TestLogo_itHasTheSizeThatEntraTakes(t *testing.T) {
	w := newSAML(t, "sqlite", nil)
	resp := w.call(nil, http.MethodGet, w.r.server.cfg.PublicURL.String()+"/w/acme/logo.png", nil)
	defer resp.Body.Close()
	picture, err := png.Decode(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b := picture.Bounds(); b.Dx() != 215 || b.Dy() != 215 {
		t.Errorf("it is %d by %d pixels", b.Dx(), b.Dy())
	}
	if ct := resp.Header.Get("Content-Type"); ct != "image/png" {
		t.Errorf("it is %s", ct)
	}
	gone := w.call(nil, http.MethodGet, w.r.server.cfg.PublicURL.String()+"/w/nobody/logo.png", nil)
	defer gone.Body.Close()
	if gone.StatusCode != http.StatusNotFound {
		t.Errorf("of no workspace: %d", gone.StatusCode)
	}
}
