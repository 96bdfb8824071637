package guide

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/explain"
	"github.com/lanyard-sso/lanyard/server/internal/guide"
)

type none struct{}

// homePage leads to the articles.
type homePage struct {
	Name     string     `json:"name"`
	Articles []pointTo  `json:"articles"`
	Helped   []helpedBy `json:"helped,omitempty"`
}

// pointTo leads to an article.
type pointTo struct {
	Module directory.Module `json:"module"`
	Title  string           `json:"title"`
	Lead   string           `json:"lead"`
	Route  string           `json:"-"`
}

// helpedBy is how many people an article helped, and how many it did not.
type helpedBy struct {
	Title string `json:"title"`
	Tally
}

// Head is that of a page.
func (p homePage) Head() console.Head {
	return console.Head{Title: p.Name, Template: "guide/home.html", Nav: "guide"}
}

func (s *Section) home(ctx context.Context, c *console.Call, _ none) (homePage, error) {
	f, err := s.read(ctx, c)
	if err != nil {
		return homePage{}, err
	}
	votes, err := s.votes(ctx, c.Workspace.ID)
	if err != nil {
		return homePage{}, err
	}
	return homeOf(f, votes)
}

func homeOf(f guide.Facts, v votes) (homePage, error) {
	p := homePage{Name: guide.Name}
	for _, m := range directory.Modules() {
		a, err := guide.Write(m, f)
		if err != nil {
			return p, err
		}
		p.Articles = append(p.Articles, pointTo{m, a.Title, a.Lead, route(m)})
		if n := v.tally(string(m)); n.Yes+n.No > 0 {
			p.Helped = append(p.Helped, helpedBy{a.Title, n})
		}
	}
	return p, nil
}

// articlePage is an article with what there is to copy at its head.
type articlePage struct {
	Article guide.Article `json:"article"`
	// Copy are the values that are there.
	Copy   []guide.Value `json:"-"`
	Helped Tally         `json:"helpful"`
	// Said is what whoever looks has said of it: yes, no or "".
	Said string `json:"said,omitempty"`
	up   string
}

// Head is that of a page.
func (p articlePage) Head() console.Head {
	return console.Head{Title: p.Article.Title, Template: "guide/article.html", Nav: "guide", Crumbs: crumbs(p.up)}
}

// crumbs lead back to the guide, where whoever looks may see all of it.
func crumbs(up string) []console.Link {
	if up == "" {
		return nil
	}
	return []console.Link{{Text: guide.Name, To: up}}
}

func up(c *console.Call) string {
	if !c.May("guide.home") {
		return ""
	}
	return c.Path("guide.home")
}

// Body is the article as HTML. It is written when the page is drawn, so that the
// page's struct holds text only.
func (p articlePage) Body() (template.HTML, error) { return p.Article.Body() }

// Download is the name of the route that gives the article as a file.
func (p articlePage) Download() string { return route(p.Article.Module) + ".download" }

func (s *Section) article(m directory.Module) func(context.Context, *console.Call, none) (articlePage, error) {
	return func(ctx context.Context, c *console.Call, _ none) (articlePage, error) {
		f, err := s.read(ctx, c)
		if err != nil {
			return articlePage{}, err
		}
		v, err := s.votes(ctx, c.Workspace.ID)
		if err != nil {
			return articlePage{}, err
		}
		p, err := articleOf(m, f, v, c.Me.ID)
		p.up = up(c)
		return p, err
	}
}

func articleOf(m directory.Module, f guide.Facts, v votes, reader string) (articlePage, error) {
	a, err := guide.Write(m, f)
	if err != nil {
		return articlePage{}, err
	}
	p := articlePage{Article: a, Helped: v.tally(string(m)), Said: v.of(string(m), reader)}
	if s, ok := a.Section(guide.Endpoints); ok {
		p.Copy = copied(s)
	}
	return p, nil
}

// copied are the values of a section that are there, each once and each under a
// label of its own.
func copied(s guide.Section) []guide.Value {
	var all []guide.Value
	times := map[string]int{}
	for _, b := range s.Blocks {
		for _, v := range b.Values {
			same := func(o guide.Value) bool { return o.Label == v.Label && o.Value == v.Value }
			if v.Value == "" || slices.ContainsFunc(all, same) {
				continue
			}
			if times[v.Label]++; times[v.Label] > 1 {
				v.Label = fmt.Sprintf("%s, %d", v.Label, times[v.Label])
			}
			all = append(all, v)
		}
	}
	return all
}

type downloadInput struct {
	Format string `json:"format"`
}

func (s *Section) download(m directory.Module) func(context.Context, *console.Call, downloadInput) (console.File, error) {
	return func(ctx context.Context, c *console.Call, in downloadInput) (console.File, error) {
		f, err := s.read(ctx, c)
		if err != nil {
			return console.File{}, err
		}
		a, err := guide.Write(m, f)
		if err != nil {
			return console.File{}, err
		}
		name := c.Workspace.ID + "-" + string(m)
		switch in.Format {
		case "", "markdown":
			return console.File{Name: name + ".md", Type: "text/markdown; charset=utf-8", Data: []byte(a.Markdown())}, nil
		case "html":
			text, err := a.HTML()
			return console.File{Name: name + ".html", Type: "text/html; charset=utf-8", Data: []byte(text)}, err
		}
		return console.File{}, problem.Detailf(problem.BadRequest, "The format is markdown or html.")
	}
}

// glossaryPage explains words.
type glossaryPage struct {
	Words []guide.Term `json:"words"`
	up    string
}

// Head is that of a page.
func (p glossaryPage) Head() console.Head {
	return console.Head{Title: "Glossary", Template: "guide/glossary.html", Nav: "guide", Crumbs: crumbs(p.up)}
}

func (s *Section) glossary(_ context.Context, c *console.Call, _ none) (glossaryPage, error) {
	return glossaryPage{guide.Words(""), up(c)}, nil
}

// troublePage finds error codes, and explains what somebody pasted.
type troublePage struct {
	Query    string               `json:"query"`
	Troubles []guide.Trouble      `json:"troubles"`
	Of       int                  `json:"of"`
	Meaning  *explain.Explanation `json:"meaning,omitempty"`
	up       string
}

// Head is that of a page.
func (p troublePage) Head() console.Head {
	return console.Head{Title: "Troubleshooting", Template: "guide/troubleshooting.html", Nav: "guide", Crumbs: crumbs(p.up)}
}

type troubleInput struct {
	Query string `json:"q"`
}

// maxQuery is how much of a search is looked at, in bytes: an error message with
// its trace is shorter.
const maxQuery = 4000

func (s *Section) troubleshooting(_ context.Context, c *console.Call, in troubleInput) (troublePage, error) {
	q := strings.TrimSpace(in.Query)
	if len(q) > maxQuery {
		return troublePage{}, problem.Detailf(problem.TooLarge, "A search has at most %d bytes. Whoever runs this server can look at more: lanyardd doctor.", maxQuery)
	}
	p := troublesOf(guide.Troubles(), q, c.Workspace.Microsoft.TenantID, c.Now)
	p.up = up(c)
	return p, nil
}

func troublesOf(all []guide.Trouble, q, tenant string, now time.Time) troublePage {
	p := troublePage{Query: q, Troubles: guide.FindTroubles(all, q), Of: len(all)}
	if q == "" {
		return p
	}
	// A whole message is no search: it is explained, and its code is found.
	e := explain.Explain([]byte(q), explain.Options{Now: now, TenantID: tenant})
	if e.Kind == explain.KindUnknown {
		return p
	}
	p.Meaning = &e
	for _, f := range e.Facts {
		if len(p.Troubles) == 0 && (f.Name == "code" || f.Name == "Lanyard's code") {
			p.Troubles = guide.FindTroubles(all, f.Value)
		}
	}
	return p
}
