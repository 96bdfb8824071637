package server

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"runtime"
	"strings"
	"testing"

	"github.com/lanyard-sso/lanyard/server/internal/console"
)

// Forms, files and JSON that are made to cost much cost little, and are refused
// with a problem: by the console and by its JSON API.
func TestConsole_bodiesThatSwellAreRefused(t *testing.T) {
	d := newDesk(t)
	d.sentry.be(console.Principal{ID: "root", Email: "root@acme.test", ServerOwner: true, Fresh: true})
	paths := map[string]string{}
	for _, r := range d.ConsoleRoutes() {
		paths[r.Name] = at(r, "acme")
	}
	const (
		form, doc           = "application/x-www-form-urlencoded", "application/json"
		build, schema, cert = "mobile.upload", "provisioning.mapping.check", "saml.manual.save"
		domains             = "domains.add"
	)
	everywhere := []string{build, schema, cert, domains}
	send := func(name, kind, encoding string, body []byte, routes ...string) {
		t.Helper()
		for _, route := range routes {
			for _, root := range []string{console.Root, console.API} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.base+root+paths[route], bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", kind)
				if encoding != "" {
					r.Header.Set("Content-Encoding", encoding)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				resp, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Errorf("%s at %s%s: %v", name, root, route, err)
					continue
				}
				text, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				runtime.ReadMemStats(&after)
				if err != nil || resp.StatusCode < 400 || resp.StatusCode >= 500 || !bytes.Contains(text, []byte("LY-")) {
					t.Errorf("%s at %s%s is answered with %s, %v: %.200s", name, root, route, resp.Status, err, text)
				}
				if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 128 {
					t.Errorf("%s at %s%s took %d MB", name, root, route, took)
				}
			}
		}
	}
	parts := func(n int, name func(int) string) (kind string, body []byte) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for i := range n {
			p, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="a"`, name(i))}})
			if err == nil {
				_, err = p.Write([]byte("x"))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return w.FormDataContentType(), b.Bytes()
	}
	kind, body := parts(5000, func(i int) string { return fmt.Sprint("f", i) })
	send("thousands of files", kind, "", body, everywhere...)
	send("files without an end", kind, "", body[:500], everywhere...)
	kind, body = parts(2, func(int) string { return strings.Repeat("n", 1<<20) })
	send("a name of a megabyte", kind, "", body, everywhere...)
	send("boundaries alone", "multipart/form-data; boundary=x", "", bytes.Repeat([]byte("--x\r\n\r\n"), 1<<17), everywhere...)
	send("very many fields", form, "", []byte(strings.Repeat("a&", 500_000)), everywhere...)
	send("deep JSON", doc, "", []byte(strings.Repeat(`{"a":`, 200_000)), everywhere...)
	send("deep lists", doc, "", []byte(`{"domains":`+strings.Repeat(`[`, 400_000)+strings.Repeat(`]`, 400_000)+`}`), everywhere...)
	send("one member very often", doc, "", []byte(`{`+strings.Repeat(`"a":1,`, 50_000)+`"a":1}`), everywhere...)
	send("a file that is no schema", doc, "", []byte(`{"schema":{"data":"`+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("["), 20<<20))+`"}}`), schema)
	send("a deep schema", doc, "", []byte(`{"text":"`+strings.Repeat(`[`, 900_000)+`"}`), schema)
	send("entities", doc, "", []byte(`{"certificate":"<!DOCTYPE a [<!ENTITY b \"x\"><!ENTITY c \"`+strings.Repeat("&b;", 100_000)+`\">]><a>&c;&c;</a>"}`), cert)
	send("deep XML", doc, "", []byte(`{"certificate":"`+strings.Repeat("<a>", 300_000)+`"}`), cert)
	send("very many certificates", doc, "", []byte(`{"certificate":"`+strings.Repeat(`-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n`, 12_000)+`"}`), cert)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("domains=" + strings.Repeat("a", 4<<20)))
	_ = z.Close()
	send("a packed form", form, "gzip", packed.Bytes(), domains)
	send("packed JSON", doc, "gzip", packed.Bytes(), domains)
}
