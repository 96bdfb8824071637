package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/provision"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// scimScopeCmd says whether people would be provisioned, and as what.
type scimScopeCmd struct {
	clientFlags
	File        string  `arg:"" help:"People as SCIM resources: JSON objects one after the other, an array of them, or a ListResponse. - is standard input."`
	SCIMSchemas *string `name:"scim-schemas" placeholder:"FILE" help:"The server's file of SCIM schemas (LANYARD_SCIM_SCHEMAS)."`
}

// scopeDoc is what would become of one person.
type scopeDoc struct {
	UserName string `json:"user_name"`
	InScope  bool   `json:"in_scope"`
	// Would is create, match (somebody is there already) or refuse.
	Would      string `json:"would"`
	Why        string `json:"why,omitempty"`
	Matches    string `json:"matches,omitempty"`
	Role       string `json:"role,omitempty"`
	Department string `json:"department,omitempty"`
}

// maxScope bounds the file, in bytes.
const maxScope = 16 << 20

func (f scimScopeCmd) Run(c *command) error {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keySCIMSchemas: f.SCIMSchemas})
	if err != nil {
		return err
	}
	people, err := set.people()
	if err != nil {
		return err
	}
	data, err := c.readFile(f.File, maxScope)
	if err != nil {
		return err
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	fits, err := provision.Accept(people, ws.SCIMAccept)
	if err != nil {
		return fmt.Errorf("the filter of workspace %q: %w", ws.ID, err)
	}
	under, err := people.With(scim.Profile{Strict: ws.SCIMStrict, Required: ws.SCIMRequired})
	if err != nil {
		return problem.Wrap(problem.BadConfig, fmt.Errorf("%w: give --scim-schemas as for lanyardd serve", err))
	}
	all, offset, err := resourcesIn(data)
	if err != nil {
		return problem.Detailf(problem.BadUsage, "%s is not JSON from byte %d on.", f.File, offset)
	}
	docs := []scopeDoc{}
	for _, raw := range all {
		d, err := c.scopeOf(st, ws, under, fits, raw)
		if err != nil {
			return err
		}
		docs = append(docs, d)
	}
	if c.json {
		return c.printJSON(docs)
	}
	var rows [][]string
	for _, d := range docs {
		rows = append(rows, []string{d.UserName, yesNo(d.InScope), d.Would, d.Role, d.Department, d.Why})
	}
	return c.table([]string{"USER NAME", "IN SCOPE", "WOULD", "ROLE", "DEPARTMENT", "WHY"}, rows)
}

// resourcesIn splits a file into its resources: objects one after the other,
// arrays of them, and lists as a SCIM provider answers with. An error is about
// what stands from offset on.
func resourcesIn(data []byte) (all []json.RawMessage, offset int64, err error) {
	for dec := json.NewDecoder(bytes.NewReader(data)); ; {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return all, 0, nil
		} else if err != nil {
			return nil, dec.InputOffset(), err
		}
		var array []json.RawMessage
		var list struct {
			Resources []json.RawMessage
		}
		switch {
		case json.Unmarshal(raw, &array) == nil && array != nil:
			all = append(all, array...)
		case json.Unmarshal(raw, &list) == nil && list.Resources != nil:
			all = append(all, list.Resources...)
		default:
			all = append(all, raw)
		}
	}
}

// scopeOf judges one person as a request to create them would be.
func (c *command) scopeOf(st *server.Store, ws directory.Workspace, people *scim.ResourceType, fits scim.Matcher, raw []byte) (scopeDoc, error) {
	refuse := func(d scopeDoc, err error) (scopeDoc, error) {
		var e *scim.Error
		if !errors.As(err, &e) {
			return d, err
		}
		d.Would, d.Why = "refuse", strings.TrimSpace(e.Detail)
		return d, nil
	}
	var d scopeDoc
	body, err := scim.Decode(raw)
	if err != nil {
		return refuse(d, err)
	}
	d.UserName, _ = body["userName"].(string)
	made, err := people.Create(body)
	if err != nil {
		return refuse(d, err)
	}
	if made.After["active"] != false && !fits(made.After) {
		return refuse(d, provision.NotAccepted(ws))
	}
	u := directory.User{State: directory.Active}
	u.UserName, _ = made.After["userName"].(string)
	u.ExternalID, _ = made.After["externalId"].(string)
	if made.After["active"] == false {
		u.State = directory.Suspended
	}
	if u.Doc, err = made.After.Encode(); err != nil {
		return d, err
	}
	if u, err = directory.NewUser(ws, u); err != nil {
		return d, err
	}
	p := directory.ProfileOf(u)
	d.InScope, d.Would, d.Role, d.Department = true, "create", p.Role, p.Department
	if !ws.SCIMEnabled {
		d.InScope, d.Would, d.Why = false, "refuse", "Provisioning is switched off for the workspace."
	}
	there, err := st.UserByUserName(c.ctx, ws.Directory, u.UserName)
	if errors.Is(err, store.ErrNotFound) && u.ExternalID != "" {
		there, err = st.UserByExternalID(c.ctx, ws.Directory, u.ExternalID)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return d, nil
	case err != nil:
		return d, fmt.Errorf("looking for the person: %w", err)
	}
	if d.InScope {
		d.Would, d.Matches, d.Role, d.Why = "match", there.ID, there.Role, "Somebody with this userName or externalId is there already, and would be updated."
	}
	return d, nil
}
