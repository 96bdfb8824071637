package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// scimReplayCmd shows what recorded requests would do. They are made of a copy
// of the workspace in a database of their own, which is deleted at the end.
type scimReplayCmd struct {
	clientFlags
	DryRun      bool    `name:"dry-run" required:"" help:"Change nothing: the requests are tried on a copy. There is no other way yet."`
	File        string  `arg:"" help:"The requests, one JSON object a line: method, path (/Users/…), body; id, where the recorded answer to a POST gave one."`
	SCIMSchemas *string `name:"scim-schemas" placeholder:"FILE" help:"The server's file of SCIM schemas (LANYARD_SCIM_SCHEMAS)."`
}

// recordedRequest is a line of the file.
type recordedRequest struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
	ID     string          `json:"id"`
}

// replaySummary is what the requests would do.
type replaySummary struct {
	Requests    int             `json:"requests"`
	Created     int             `json:"created"`
	Updated     int             `json:"updated"`
	LoseAccess  int             `json:"lose_access"`
	GainAccess  int             `json:"gain_access"`
	GroupsMade  int             `json:"groups_created"`
	GroupsGone  int             `json:"groups_deleted"`
	MembersAdd  int             `json:"members_added"`
	MembersDrop int             `json:"members_removed"`
	Alarm       bool            `json:"mass_removal_alarm"`
	Refused     []replayRefusal `json:"refused"`
}

type replayRefusal struct {
	Line   int    `json:"line"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// maxReplayLine bounds one request of the file, in bytes.
const maxReplayLine = 8 << 20

func (f scimReplayCmd) Run(c *command) error {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keySCIMSchemas: f.SCIMSchemas})
	if err != nil {
		return err
	}
	declared, err := set.scimSchemas()
	if err != nil {
		return err
	}
	if c.opt.OpenSQLite == nil {
		return problem.Detailf(problem.BadDatabaseURL, "This lanyardd was built without SQLite, which the copy is made in.")
	}
	requests, err := readRecording(f.File)
	if err != nil {
		return err
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	dir, err := os.MkdirTemp("", "lanyard-replay-") // mode 0700
	if err != nil {
		return fmt.Errorf("making a folder for the copy: %w", err)
	}
	defer os.RemoveAll(dir)
	tmp, err := c.opt.OpenSQLite(c.ctx, filepath.Join(dir, "copy.db"))
	if err != nil {
		return fmt.Errorf("making the copy: %w", err)
	}
	defer tmp.Close()
	public := &url.URL{Scheme: "http", Host: "localhost"}
	srv, err := server.New(server.Config{Store: tmp, PublicURL: public, SCIM: declared, Now: c.opt.Now, InsecureNoRateLimits: true})
	if err != nil {
		return err
	}
	types, err := declared.Types()
	if err != nil {
		return err
	}
	kinds := []string{directory.GroupType}
	for _, rt := range types {
		if rt.Core.ID != scim.UserSchema && !slices.Contains(kinds, rt.Name) {
			kinds = append(kinds, rt.Name)
		}
	}
	token := scim.NewToken()
	if err := copyWorkspace(c.ctx, st, tmp, ws, kinds, token, c.opt.Now()); err != nil {
		return fmt.Errorf("copying workspace %q: %w", ws.ID, err)
	}
	sum, err := replay(c.ctx, srv, tmp, ws, token, requests)
	if err != nil {
		return fmt.Errorf("replaying: %w", err)
	}
	return c.showReplay(sum)
}

// readRecording reads the whole file before anything is done.
func readRecording(name string) ([]recordedRequest, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, problem.Detailf(problem.BadUsage, "%s: %v.", name, errors.Unwrap(err))
	}
	defer file.Close()
	var all []recordedRequest
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxReplayLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			all = append(all, recordedRequest{}) // so that lines keep their numbers
			continue
		}
		var r recordedRequest
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, problem.Detailf(problem.BadUsage, "%s, line %d is not the JSON of a request.", name, n)
		}
		r.Method = strings.ToUpper(r.Method)
		if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, r.Method) || !strings.HasPrefix(r.Path, "/") {
			return nil, problem.Detailf(problem.BadUsage, "%s, line %d needs a method and a path that begins with /.", name, n)
		}
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		return nil, problem.Detailf(problem.BadUsage, "%s cannot be read: %v.", name, err)
	}
	return all, nil
}

// copyWorkspace copies a workspace with its people, groups and alarm.
func copyWorkspace(ctx context.Context, from, to *store.Store, ws directory.Workspace, kinds []string, token scim.Token, now time.Time) error {
	dir := ws.Directory
	if err := to.CreateWorkspace(ctx, ws); err != nil {
		return err
	}
	if err := to.CreateToken(ctx, store.Token{ID: "replay", Workspace: ws.ID, Hash: token.Hash(), Created: now}); err != nil {
		return err
	}
	for seen := 0; ; {
		page, _, err := from.FindUsers(ctx, dir, store.Query{IncludeArchived: true, StartIndex: seen + 1, Count: userPage})
		if err != nil {
			return err
		}
		for _, u := range page {
			if err := to.InsertUser(ctx, u); err != nil {
				return fmt.Errorf("person %s: %w", u.ID, err)
			}
		}
		if seen += len(page); len(page) < userPage {
			break
		}
	}
	var groups []string
	for _, kind := range kinds {
		q := store.Search[directory.Resource]{Count: userPage}
		for {
			page, err := from.SearchResources(ctx, dir, kind, q)
			if err != nil {
				return err
			}
			for _, r := range page.Items {
				if err := to.InsertResource(ctx, r, nil); err != nil {
					return fmt.Errorf("%s %s: %w", kind, r.ID, err)
				}
				if kind == directory.GroupType {
					groups = append(groups, r.ID)
				}
			}
			if q.After = page.Next; page.Next == "" {
				break
			}
		}
	}
	for _, g := range groups { // now that all exist: groups may be in groups
		if err := copyMembers(ctx, from, to, dir, g, now); err != nil {
			return fmt.Errorf("members of group %s: %w", g, err)
		}
	}
	alarm, err := from.Alarm(ctx, dir)
	if err != nil {
		return err
	}
	_, err = to.UpdateAlarm(ctx, dir, func(a *directory.Alarm) error { *a = alarm; return nil })
	return err
}

func copyMembers(ctx context.Context, from, to *store.Store, dir, group string, now time.Time) error {
	for after := store.Cursor(""); ; {
		page, err := from.Members(ctx, dir, group, after, 500)
		if err != nil {
			return err
		}
		if len(page.Items) > 0 {
			_, _, err = to.ChangeResource(ctx, dir, directory.GroupType, group, now, func(before directory.Resource) (store.ResourceChange, error) {
				return store.ResourceChange{After: before, Add: page.Items}, nil
			})
			if err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// replay makes the requests and counts what came of them.
func replay(ctx context.Context, srv http.Handler, st *store.Store, ws directory.Workspace, token scim.Token, all []recordedRequest) (replaySummary, error) {
	sum := replaySummary{Refused: []replayRefusal{}}
	before, err := st.LastEvent(ctx)
	if err != nil {
		return sum, err
	}
	var ids []string // recorded, new, recorded, new …
	for i, r := range all {
		if r.Method == "" {
			continue
		}
		sum.Requests++
		names := strings.NewReplacer(ids...)
		req, err := http.NewRequestWithContext(ctx, r.Method, "http://localhost/scim/v2/"+ws.ID+names.Replace(r.Path), strings.NewReader(names.Replace(string(r.Body))))
		if err != nil {
			return sum, problem.Detailf(problem.BadUsage, "Line %d has a path that is none.", i+1)
		}
		req.RemoteAddr = "127.0.0.1:1"
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
		req.Header.Set("Content-Type", "application/scim+json")
		w := &provision.Answer{}
		srv.ServeHTTP(w, req)
		var got struct{ ID, Detail string }
		_ = json.Unmarshal(w.Body.Bytes(), &got) // an answer without either is fine
		if w.Status >= 400 {
			sum.Refused = append(sum.Refused, replayRefusal{i + 1, r.Method, r.Path, w.Status, got.Detail})
		} else if r.Method == http.MethodPost && r.ID != "" && got.ID != "" {
			ids = append(ids, r.ID, got.ID)
		}
	}
	return sum, sum.count(ctx, st, before)
}

// count counts people by how they end up, and groups by event.
func (s *replaySummary) count(ctx context.Context, st *store.Store, after int64) error {
	created, updated, had, has := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for {
		events, err := st.Events(ctx, after, 1000)
		if err != nil {
			return err
		}
		for _, e := range events {
			after = e.Seq
			_, known := had[e.User]
			switch e.Kind {
			case directory.UserCreated:
				created[e.User] = true
			case directory.UserUpdated:
				updated[e.User] = true
			case directory.UserSuspended, directory.UserArchived:
				if !known {
					had[e.User] = true
				}
				has[e.User] = false
			case directory.UserReactivated:
				if !known {
					had[e.User] = false
				}
				has[e.User] = true
			case directory.GroupCreated:
				s.GroupsMade++
			case directory.GroupDeleted:
				s.GroupsGone++
			case directory.MemberAdded:
				s.MembersAdd++
			case directory.MemberRemoved:
				s.MembersDrop++
			case directory.MassRemoval:
				s.Alarm = true
			}
		}
		if len(events) < 1000 {
			break
		}
	}
	for id := range has {
		switch {
		case created[id]:
		case had[id] && !has[id]:
			s.LoseAccess++
		case !had[id] && has[id]:
			s.GainAccess++
		}
	}
	s.Created, s.Updated = len(created), len(updated)
	return nil
}

func (c *command) showReplay(s replaySummary) error {
	if c.json {
		return c.printJSON(s)
	}
	fmt.Fprintf(c.out, "%d requests: %d created, %d updated, %d lose access, %d get it back; groups: %d created, %d deleted, %d members added, %d removed; %d refused\n",
		s.Requests, s.Created, s.Updated, s.LoseAccess, s.GainAccess, s.GroupsMade, s.GroupsGone, s.MembersAdd, s.MembersDrop, len(s.Refused))
	if s.Alarm {
		fmt.Fprintln(c.out, "The alarm for mass removals would be raised.")
	}
	var rows [][]string
	for _, r := range s.Refused {
		rows = append(rows, []string{fmt.Sprint(r.Line), r.Method, r.Path, fmt.Sprint(r.Status), r.Detail})
	}
	return c.table([]string{"LINE", "METHOD", "PATH", "STATUS", "WHY"}, rows)
}
