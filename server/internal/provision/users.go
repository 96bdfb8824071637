package provision

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/scim"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// tries is how often a change is made anew after another one came between
// reading and saving.
const tries = 3

// now is the time as the store keeps it.
func (c *call) now() time.Time { return c.h.cfg.Now().UTC().Truncate(time.Microsecond) }

// createUser makes a person. The store's unique keys decide who is first: of
// two requests for one person exactly one gets 201, and a repeated
// one 409, after which Entra searches and finds what it made.
func (c *call) createUser(w http.ResponseWriter, r *http.Request) error {
	body, err := c.decode(w, r)
	if err != nil {
		return err
	}
	c.made("", nameOf(body))
	made, err := c.h.users.Create(body)
	if err != nil {
		return err
	}
	c.compared(nil, made.After)
	// Ids that grow with time keep the index compact; they are no secret.
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("making an id: %w", err)
	}
	now := c.now()
	u := directory.User{ID: id.String(), Created: now, Modified: now}
	if err := fill(&u, made.After); err != nil {
		return err
	}
	if u, err = directory.NewUser(c.ws, u); err != nil {
		return fmt.Errorf("giving a new person the workspace's defaults: %w", err)
	}
	if err := c.h.cfg.Store.InsertUser(r.Context(), u, directory.Change(directory.User{}, u).Events...); err != nil {
		return taken(err, u)
	}
	c.made(u.ID, u.UserName)
	c.note(r, u.ID, made.Ignored)
	return c.writeUser(w, http.StatusCreated, u)
}

// fill copies what the rules need to see from the document into the person.
func fill(u *directory.User, doc scim.Resource) error {
	u.UserName, _ = doc["userName"].(string)
	u.ExternalID, _ = doc["externalId"].(string)
	u.State = directory.Suspended
	if doc["active"] == true {
		u.State = directory.Active
	}
	var err error
	u.Doc, err = doc.Encode()
	return err
}

// taken names the attribute that somebody else has already.
func taken(err error, u directory.User) error {
	var exists store.Exists
	if !errors.As(err, &exists) {
		return fmt.Errorf("storing a person: %w", err)
	}
	e := scim.Conflict("userName", u.UserName)
	if exists.Field == "externalId" || exists.Field == "objectId" {
		e = scim.Conflict("externalId", u.ExternalID)
	}
	return fmt.Errorf("%w (%w)", e, err)
}

func (c *call) decode(w http.ResponseWriter, r *http.Request) (scim.Resource, error) {
	data, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	return scim.Decode(data)
}

// note logs what a request carried that no schema declares.
func (c *call) note(r *http.Request, user string, ignored []string) {
	if len(ignored) > 0 {
		c.h.cfg.Log.InfoContext(r.Context(), "scim attributes ignored", "workspace", c.ws.ID, "user", user, "attributes", ignored)
	}
}

// user reads the person of the address. Who is archived is gone for SCIM.
func (c *call) user(r *http.Request) (directory.User, error) {
	if len(c.id) > scim.MaxKey || !storable(c.id) {
		return directory.User{}, notFound(c.id)
	}
	u, err := c.h.cfg.Store.User(r.Context(), c.ws.Directory, c.id)
	if errors.Is(err, store.ErrNotFound) || err == nil && u.State == directory.Archived {
		return directory.User{}, notFound(c.id)
	}
	if err != nil {
		return directory.User{}, fmt.Errorf("reading a person: %w", err)
	}
	c.name = u.UserName
	return u, nil
}

// storable reports whether a database could hold s at all. PostgreSQL refuses
// the rest even in a question.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func notFound(id string) error {
	return &scim.Error{Status: http.StatusNotFound, Detail: fmt.Sprintf("There is no resource with the id %.64q.", id)}
}

func (c *call) getUser(w http.ResponseWriter, r *http.Request) error {
	u, err := c.user(r)
	if err != nil {
		return err
	}
	if tags := r.Header.Get("If-None-Match"); tags != "" && matches(tags, u.Version) {
		w.Header().Set("ETag", etag(u.Version))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return c.writeUser(w, http.StatusOK, u)
}

func (c *call) replaceUser(w http.ResponseWriter, r *http.Request) error {
	body, err := c.decode(w, r)
	if err != nil {
		return err
	}
	return c.update(w, r, func(before scim.Resource) (scim.Result, error) {
		return c.h.users.Replace(before, body)
	})
}

func (c *call) patchUser(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r)
	if err != nil {
		return err
	}
	ops, err := scim.ParsePatch(data)
	if err != nil {
		return err
	}
	return c.update(w, r, func(before scim.Resource) (scim.Result, error) {
		return c.h.users.Patch(before, ops)
	})
}

// update changes the document of a person and answers with the result.
func (c *call) update(w http.ResponseWriter, r *http.Request, change func(scim.Resource) (scim.Result, error)) error {
	u, err := c.save(r, func(before directory.User) (directory.User, error) {
		doc, err := document(before)
		if err != nil {
			return before, err
		}
		made, err := change(doc)
		if err != nil || !made.Changed {
			return before, err
		}
		c.compared(doc, made.After)
		after := before
		if err := fill(&after, made.After); err != nil {
			return before, err
		}
		c.note(r, before.ID, made.Ignored)
		return after, nil
	})
	if err != nil {
		return err
	}
	return c.writeUser(w, http.StatusOK, u)
}

// deleteUser archives a person: gone for SCIM, kept for the workspace.
func (c *call) deleteUser(w http.ResponseWriter, r *http.Request) error {
	_, err := c.save(r, func(before directory.User) (directory.User, error) {
		after := before
		after.State = directory.Archived
		return after, nil
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// save reads, changes and stores a person together with what follows from the
// change. When somebody else was faster it begins anew, so that two changes at
// once are both made; an If-Match is then judged anew as well.
func (c *call) save(r *http.Request, change func(directory.User) (directory.User, error)) (directory.User, error) {
	for range tries {
		before, err := c.user(r)
		if err != nil {
			return before, err
		}
		if tags := r.Header.Get("If-Match"); tags != "" && !matches(tags, before.Version) {
			return before, &scim.Error{Status: http.StatusPreconditionFailed, Detail: "The resource has changed: its version is " + etag(before.Version) + " now."}
		}
		after, err := change(before)
		if err != nil {
			return before, err
		}
		causes := directory.Change(before, after)
		if len(causes.Events) == 0 {
			return before, nil
		}
		after.Version = before.Version + 1
		after.Modified = c.now()
		causes = directory.Change(before, after) // dated by Modified
		err = c.h.cfg.Store.SaveUser(r.Context(), after, before.Version, causes)
		switch {
		case err == nil:
			return after, nil
		case errors.Is(err, store.ErrNotFound):
			return before, notFound(c.id)
		case !errors.Is(err, store.ErrConflict):
			return before, taken(err, after)
		}
	}
	return directory.User{}, &scim.Error{Status: http.StatusConflict, Detail: "Other requests kept changing this resource. Nothing was changed; try again."}
}
