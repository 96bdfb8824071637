package provisioning

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server/internal/console"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// Sync is how provisioning goes: cycles, failures, and what to do about them.
type Sync struct {
	tabs
	Enabled  bool            `json:"enabled"`
	Rhythm   Rhythm          `json:"rhythm"`
	Checks   []console.Check `json:"checks"`
	Cycles   []Cycle         `json:"cycles"`
	Failures []Failure       `json:"failures"`
	Alarm    Alarm           `json:"alarm"`
	// Logs is where Entra keeps its own log.
	Logs string `json:"entra_logs"`
}

// Cycle is one of Entra's cycles, as we saw it.
type Cycle struct {
	From     time.Time `json:"from"`
	Length   string    `json:"length"`
	Running  bool      `json:"running,omitempty"`
	Requests int       `json:"requests"`
	Reads    int       `json:"reads"`
	Creates  int       `json:"creates"`
	Updates  int       `json:"updates"`
	Deletes  int       `json:"deletes"`
	Errors   int       `json:"errors"`
}

// Failure is a reason for which requests of the last day failed.
type Failure struct {
	Count  int       `json:"count"`
	Status int       `json:"status"`
	Why    string    `json:"why"`
	Fix    string    `json:"fix,omitempty"`
	Who    string    `json:"who,omitempty"`
	Last   time.Time `json:"last"`
	ID     string    `json:"id"` // of the last request
}

// Head is that of a page.
func (p Sync) Head() console.Head { return p.head("Sync", "sync") }

const (
	shownCycles   = 20
	shownFailures = 20
)

func (s *Section) sync(ctx context.Context, c *console.Call, _ struct{}) (Sync, error) {
	p := Sync{tabs: tabs{"provisioning.sync"}, Enabled: c.Workspace.SCIMEnabled, Cycles: []Cycle{}, Failures: []Failure{}, Logs: provisioningLogs}
	rhythm, cycles, err := s.rhythm(ctx, c)
	if err != nil {
		return p, err
	}
	p.Rhythm = rhythm
	if p.Checks, err = s.milestones(ctx, c); err != nil {
		return p, err
	}
	for i, one := range slices.Backward(cycles) {
		if len(p.Cycles) == shownCycles {
			break
		}
		p.Cycles = append(p.Cycles, cycleOf(one, rhythm.Running && i == len(cycles)-1))
	}
	failed, err := s.cfg.Store.Requests(ctx, c.Workspace.ID, store.RequestQuery{Failed: true, Limit: 500})
	if err != nil {
		return p, err
	}
	p.Failures = failuresOf(failed, c.Now.Add(-day))
	a, err := s.cfg.Store.Alarm(ctx, c.Workspace.Directory)
	p.Alarm = alarmOf(a, c.Now)
	return p, err
}

// provisioningLogs is Entra's own page of what it did.
const provisioningLogs = "https://entra.microsoft.com/#view/Microsoft_AAD_IAM/ProvisioningEventsMenuBlade/~/provisioningLogs"

func cycleOf(c directory.Cycle, running bool) Cycle {
	length := "under a minute"
	if d := c.To.Sub(c.From); d > 0 {
		length = fmt.Sprintf("%d min", int(d/time.Minute)+1)
	}
	return Cycle{
		From: c.From, Length: length, Running: running, Requests: c.Requests(), Reads: c.Reads, Creates: c.Creates,
		Updates: c.Updates, Deletes: c.Deletes, Errors: c.Errors,
	}
}

// failuresOf groups failed requests by their reason, the most frequent first.
func failuresOf(failed []store.Request, since time.Time) []Failure {
	all := []Failure{}
	at := map[string]int{}
	for _, r := range failed {
		if r.At.Before(since) || r.Type == "alarm" || r.Type == "oauth" {
			continue
		}
		why := cmp.Or(r.Detail, http.StatusText(r.Status))
		key := strconv.Itoa(r.Status) + why
		if r.Name != "" {
			key = strings.ReplaceAll(key, r.Name, "")
		}
		i, there := at[key]
		if !there {
			i = len(all)
			at[key] = i
			all = append(all, Failure{Status: r.Status, Why: why, Fix: fixOf(r), Who: cmp.Or(r.Name, r.ID), Last: r.At, ID: idOf(r)})
		}
		all[i].Count++
	}
	slices.SortStableFunc(all, func(a, b Failure) int { return b.Count - a.Count })
	return all[:min(len(all), shownFailures)]
}

// fixOf is what to do about a request that failed, where the answer does not say
// so itself.
func fixOf(r store.Request) string {
	switch {
	case r.Status == http.StatusUnauthorized:
		return "Make a new token under URL and tokens, and paste it into Entra under Admin Credentials (Connectivity)."
	case r.Status == http.StatusForbidden:
		return "Switch provisioning on, then press Test Connection in Entra again."
	case r.Status == http.StatusConflict:
		return "Somebody else here has this userName or externalId. Look for them under People: restore or unlink the other, or change the value in Entra, then use Provision on demand."
	case r.Status == http.StatusNotFound && r.Method != http.MethodGet:
		return "Entra remembers somebody who is not here any more. In Entra, Provisioning, Restart provisioning makes it look again."
	case r.Status == http.StatusTooManyRequests && r.Kind == "" && strings.Contains(r.Detail, string(problem.SCIMHeld)):
		return "Removals are held by the alarm. Release them on the overview, if they are meant."
	case r.Status == http.StatusTooManyRequests:
		return "Nothing: Entra comes again by itself."
	case r.Status == http.StatusBadRequest:
		return "Correct the attribute that is named, or its mapping in Entra, then use Provision on demand."
	case r.Status >= http.StatusInternalServerError:
		return "Look into the server's log for the request's id. Entra comes again by itself."
	}
	return ""
}

// idOf names one record: its time, and the id of its answer.
func idOf(r store.Request) string {
	return strconv.FormatInt(r.At.UnixMicro(), 10) + "-" + cmp.Or(r.Request, "0")
}

// Log is the record of requests.
type Log struct {
	tabs
	Who      string        `json:"who"`
	Show     string        `json:"show"` // all, changes or failed
	Requests []Request     `json:"requests"`
	Pager    console.Pager `json:"-"`
	// Next is where the page after this one begins.
	Next string `json:"next,omitempty"`
	Days int    `json:"kept_days"`
}

// Request is a record as it is shown.
type Request struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Method     string    `json:"method"`
	Type       string    `json:"type"`
	Resource   string    `json:"resource,omitempty"`
	Name       string    `json:"name,omitempty"`
	Filter     string    `json:"filter,omitempty"`
	Attributes []string  `json:"attributes"`
	Status     int       `json:"status"`
	ScimType   string    `json:"scim_type,omitempty"`
	Detail     string    `json:"detail,omitempty"`
	Body       string    `json:"body,omitempty"`
	Credential string    `json:"credential,omitempty"`
	RequestID  string    `json:"request_id,omitempty"`
	Millis     float64   `json:"milliseconds"`
	Test       bool      `json:"test_connection,omitempty"`
	Fix        string    `json:"fix,omitempty"`
}

// Failed says whether it was refused or failed.
func (r Request) Failed() bool { return r.Status >= 400 }

// Path is the address that was asked, below the Tenant URL.
func (r Request) Path() string {
	p := "/" + r.Type
	if r.Resource != "" && r.Method != http.MethodPost {
		p += "/" + r.Resource
	}
	return p
}

func requestOf(r store.Request) Request {
	return Request{
		ID: idOf(r), At: r.At, Method: r.Method, Type: r.Type, Resource: r.ID, Name: r.Name, Filter: r.Filter,
		Attributes: append([]string{}, r.Attributes...), Status: r.Status, ScimType: r.Kind, Detail: r.Detail, Body: r.Body,
		Credential: r.Credential, RequestID: r.Request, Millis: float64(r.Took.Microseconds()) / 1000, Test: r.Step == store.StepTest,
	}
}

// Head is that of a page.
func (p Log) Head() console.Head { return p.head("Requests of Entra", "log") }

const logPage = 50

type logInput struct {
	Who    string `json:"who"`
	Show   string `json:"show"`
	Before string `json:"before"`
}

func (s *Section) log(ctx context.Context, c *console.Call, in logInput) (Log, error) {
	p := Log{
		tabs: tabs{"provisioning.sync"}, Who: strings.TrimSpace(in.Who), Show: cmp.Or(in.Show, "all"), Requests: []Request{},
		Days: int(store.KeepRequestsFor / day),
	}
	q := store.RequestQuery{ID: p.Who, Name: p.Who, Failed: p.Show == "failed", Changes: p.Show == "changes", Limit: logPage + 1}
	if in.Before != "" {
		at, err := strconv.ParseInt(in.Before, 10, 64)
		if err != nil {
			return p, console.Bad("before", "It is where another page ended.")
		}
		q.Before = time.UnixMicro(at)
	}
	all, err := s.cfg.Store.Requests(ctx, c.Workspace.ID, q)
	if err != nil {
		return p, err
	}
	if len(all) > logPage {
		all = all[:logPage]
		p.Next = strconv.FormatInt(all[logPage-1].At.UnixMicro(), 10)
		p.Pager.Next = c.Path("provisioning.log", "who", p.Who, "show", p.Show, "before", p.Next)
	}
	for _, r := range all {
		p.Requests = append(p.Requests, requestOf(r))
	}
	return p, nil
}

// RequestPage is one request, and what it would be answered now.
type RequestPage struct {
	tabs
	Request Request `json:"request"`
	Try     TryForm `json:"try"`
}

// TryForm is a request to be tried, and what came of it.
type TryForm struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
	// Tried is what it would be answered.
	Tried *Tried `json:"tried,omitempty"`
}

// Tried is what a request would be answered now.
type Tried struct {
	Status  int      `json:"status"`
	Name    string   `json:"name,omitempty"`
	Changed []string `json:"changed"`
	Detail  string   `json:"detail,omitempty"`
	Answer  string   `json:"answer,omitempty"`
}

// OK says whether it would be done.
func (t Tried) OK() bool { return t.Status < 400 }

// Head is that of a page.
func (p RequestPage) Head() console.Head { return p.head("Request", "request") }

func (s *Section) request(ctx context.Context, c *console.Call, in tokenInput) (RequestPage, error) {
	p := RequestPage{tabs: tabs{"provisioning.sync"}}
	micros, _, _ := strings.Cut(in.ID, "-")
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		return p, problem.New(problem.NotFound)
	}
	all, err := s.cfg.Store.Requests(ctx, c.Workspace.ID, store.RequestQuery{Before: time.UnixMicro(at + 1), Limit: 200})
	if err != nil {
		return p, err
	}
	for _, r := range all {
		if idOf(r) != in.ID {
			continue
		}
		p.Request = requestOf(r)
		if r.Status >= 400 {
			p.Request.Fix = fixOf(r)
		}
		p.Try = TryForm{Method: r.Method, Path: p.Request.Path(), Body: r.Body}
		return p, nil
	}
	return p, problem.New(problem.NotFound)
}

// TryPage is what a request would be answered, and nothing done.
type TryPage struct {
	tabs
	Try TryForm `json:"try"`
}

// Head is that of a page.
func (p TryPage) Head() console.Head { return p.head("Dry run", "try") }

type tryInput struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body"`
}

func (s *Section) try(ctx context.Context, c *console.Call, in tryInput) (TryPage, error) {
	in.Method, in.Path = strings.ToUpper(strings.TrimSpace(in.Method)), strings.TrimSpace(in.Path)
	p := TryPage{tabs: tabs{"provisioning.sync"}, Try: TryForm{Method: in.Method, Path: in.Path, Body: in.Body}}
	var wrong console.Faults
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, in.Method) {
		wrong = append(wrong, console.Bad("method", "It is GET, POST, PUT, PATCH or DELETE."))
	}
	if !strings.HasPrefix(in.Path, "/") || strings.HasPrefix(in.Path, "//") || len(in.Path) > 2000 {
		wrong = append(wrong, console.Bad("path", "It begins with /, such as /Users."))
	}
	if len(in.Body) > 1<<20 {
		wrong = append(wrong, console.Bad("body", "It is longer than a megabyte."))
	}
	if err := wrong.Or(); err != nil {
		return p, err
	}
	got, err := s.attempt(ctx, c, in.Method, in.Path, in.Body)
	p.Try.Tried = &got
	return p, err
}

// attempt asks what a request would be answered. Nothing changes, so the audit
// log, which is written with the first change, is left out.
func (s *Section) attempt(ctx context.Context, c *console.Call, method, path, body string) (Tried, error) {
	alone, stop := context.WithCancel(context.Background())
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	got, err := s.cfg.Try.Try(alone, c.Workspace, method, path, []byte(body))
	var e *scim.Error
	if errors.As(err, &e) {
		return Tried{Status: e.Status, Detail: e.Detail, Changed: []string{}}, nil
	}
	if err != nil {
		return Tried{}, err
	}
	t := Tried{Status: got.Status, Name: got.Name, Changed: append([]string{}, got.Changed...), Answer: pretty(got.Body)}
	if t.Status >= 400 {
		var said struct{ Detail string }
		if json.Unmarshal(got.Body, &said) == nil {
			t.Detail = said.Detail
		}
	}
	return t, nil
}

// pretty is JSON in lines, at most some 20,000 bytes of it.
func pretty(data []byte) string {
	const most = 20_000
	var v json.RawMessage
	if json.Unmarshal(data, &v) == nil {
		if lines, err := json.MarshalIndent(v, "", "  "); err == nil {
			data = lines
		}
	}
	if len(data) > most {
		return strings.ToValidUTF8(string(data[:most]), "") + "\n…"
	}
	return string(data)
}
