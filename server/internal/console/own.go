package console

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
)

//go:embed static
var static embed.FS

// staticVersion changes with the files, so that browsers may keep them.
var staticVersion = versionOf(static)

func versionOf(files fs.FS) string {
	h := sha256.New()
	_ = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		h.Write([]byte(name))
		h.Write(text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func (o *Console) serveStatic(w http.ResponseWriter, r *http.Request) {
	name := "static/" + r.PathValue("file")
	text, err := static.ReadFile(name)
	if err != nil {
		o.fail(w, r, o.call(r), problem.New(problem.NotFound))
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=300")
	if r.URL.RawQuery == staticVersion {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png"}
	h.Set("Content-Type", types[path.Ext(name)])
	_, _ = w.Write(text)
}

// own is what the framework itself has pages of.
type own struct{}

func (own) Routes() []Route {
	return []Route{Act("theme.set", "/theme", Access{}, setTheme).Unaudited()}
}

func (own) Templates() fs.FS {
	files, err := fs.Sub(templates, "templates/pages")
	if err != nil {
		panic(err) // embedded
	}
	return files
}

func (own) Examples() []Example { return nil }

const themeCookie = "lanyard-theme"

// theme is what somebody chose: light, dark, or "".
func theme(r *http.Request, c *Call) string {
	k, err := r.Cookie(c.cookieName(themeCookie))
	if err != nil || !slices.Contains([]string{"light", "dark"}, k.Value) {
		return ""
	}
	return k.Value
}

type themeInput struct {
	Theme string `json:"theme"`
	Next  string `json:"next"`
}

func setTheme(_ context.Context, c *Call, in themeInput) (Done, error) {
	if !slices.Contains([]string{"light", "dark", "system"}, in.Theme) {
		return Done{}, Bad("theme", "It is light, dark or system.")
	}
	k := &http.Cookie{
		Name: c.cookieName(themeCookie), Value: in.Theme, Path: "/", MaxAge: 365 * 24 * 3600,
		Secure: c.Console.Scheme == "https", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	c.SetCookie(k)
	return Done{To: c.Local(in.Next)}, nil
}

// problemPage is a problem as a page of its own.
type problemPage struct {
	Code problem.Code
	Text problem.Text
}

// Head is that of a page.
func (p problemPage) Head() Head {
	title := map[int]string{404: "Not found", 403: "Not allowed", 401: "Not signed in"}[p.Text.Status]
	if title == "" {
		title = "This did not work"
	}
	return Head{Title: title, Template: "problem.html", Plain: true}
}

// ByOthers reports whether somebody else has to mend it: not whoever looks at the
// page, who is an administrator.
func (p problemPage) ByOthers() bool { return p.Text.Who == problem.Operator }

// proofPage asks once more who it is, and keeps the form meanwhile.
type proofPage struct {
	Action  string
	Kept    []keptField
	Passkey string
	TOTP    bool
}

// keptField is a field of the form that waits.
type keptField struct{ Name, Value string }

func kept(form url.Values) []keptField {
	var all []keptField
	for name, values := range form {
		for _, v := range values {
			all = append(all, keptField{name, v})
		}
	}
	slices.SortStableFunc(all, func(a, b keptField) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Head is that of a page.
func (proofPage) Head() Head {
	return Head{Title: "Confirm that it is you", Template: "proof.html", Plain: true}
}
