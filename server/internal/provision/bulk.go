package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/lanyard-sso/lanyard/server/internal/scim"
)

// maxBulk is the most operations of one bulk request.
const maxBulk = 1000

// bulkOperation is one operation of a bulk request, and its outcome.
type bulkOperation struct {
	method, bulkID, version, path string
	data                          map[string]any

	needs   []int // the operations whose ids it speaks of
	state   int   // undone, doing or done
	id      string
	outcome object
	failed  bool
	// refused is why it is not even tried, or nil.
	refused error
}

const (
	undone = iota
	doing
	done
)

// bulkRun is a bulk request at work (RFC 7644 section 3.7). Every operation is
// made as if it had been sent alone; they are not one transaction.
type bulkRun struct {
	c      *call
	ops    []*bulkOperation
	byID   map[string]int
	errors int
	most   int // failOnErrors; 0 is any number
	later  []afterwards
}

// afterwards is what a circle of references left to be set: the attributes that
// speak of a resource that was not there yet.
type afterwards struct {
	op    int
	attrs map[string]any
}

func (c *call) bulk(ctx context.Context, q *ask) (*reply, error) {
	run, err := c.parseBulk(q.body)
	if err != nil {
		return nil, err
	}
	for i := range run.ops {
		if run.enough() {
			break
		}
		run.do(ctx, i)
	}
	run.finish(ctx)
	outcomes := []object{}
	for _, o := range run.ops {
		if o.outcome != nil {
			outcomes = append(outcomes, o.outcome)
		}
	}
	return inJSON(object{"schemas": []string{scim.BulkResponse}, "Operations": outcomes})
}

func tooMany(detail string) error {
	return &scim.Error{Status: http.StatusRequestEntityTooLarge, Kind: scim.TooMany, Detail: detail}
}

// parseBulk reads the request and finds who speaks of whom.
func (c *call) parseBulk(data []byte) (*bulkRun, error) {
	body, err := scim.Decode(data)
	if err != nil {
		return nil, err
	}
	if err := c.message(body, scim.BulkRequest); err != nil {
		return nil, err
	}
	run := &bulkRun{c: c, byID: map[string]int{}}
	var list []any
	isList := false
	for key, v := range body {
		switch strings.ToLower(key) {
		case "failonerrors":
			n, isNumber := v.(json.Number)
			most, err := strconv.Atoi(string(n))
			if !isNumber || err != nil || most < 0 {
				return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: "failOnErrors is a number of errors, from 1."}
			}
			run.most = most
		case "operations":
			list, isList = v.([]any)
		}
	}
	switch {
	case !isList:
		return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidSyntax, Detail: "The body has no list called Operations."}
	case len(list) > maxBulk:
		return nil, tooMany(fmt.Sprintf("There are %d operations; at most %d are taken at a time.", len(list), maxBulk))
	}
	for i, item := range list {
		o, err := parseBulkOperation(item, i)
		if err != nil {
			return nil, err
		}
		if o.bulkID != "" {
			if _, twice := run.byID[o.bulkID]; twice {
				return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: fmt.Sprintf("The bulkId %.64q is given twice.", o.bulkID)}
			}
			run.byID[o.bulkID] = i
		}
		run.ops = append(run.ops, o)
	}
	for i, o := range run.ops {
		run.references(o.data, func(i int) { o.needs = append(o.needs, i) })
		run.references(o.path, func(i int) { o.needs = append(o.needs, i) })
		if name, found := run.stranger(o.data); found {
			o.refused = &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: fmt.Sprintf("It speaks of the bulkId %.64q, which no operation of the request has.", name)}
		}
		run.references(o.data["members"], func(of int) {
			if of == i {
				o.refused = scim.MemberOfItself()
			}
		})
	}
	return run, nil
}

func parseBulkOperation(item any, i int) (*bulkOperation, error) {
	fields, _ := item.(map[string]any)
	o := &bulkOperation{}
	var list []any
	for key, v := range fields {
		text, _ := v.(string)
		switch strings.ToLower(key) {
		case "method":
			o.method = strings.ToUpper(text)
		case "bulkid":
			o.bulkID = text
		case "version":
			o.version = text
		case "path":
			o.path = text
		case "data":
			o.data, _ = v.(map[string]any)
			list, _ = v.([]any)
		}
	}
	if o.method == "PATCH" && list != nil { // as in the RFC's own example (RFC 7644 section 3.7.3)
		o.data = object{"schemas": []any{scim.PatchMessage}, "Operations": list}
	}
	wrong := ""
	switch {
	case fields == nil:
		wrong = "is no object"
	case o.method != "POST" && o.method != "PUT" && o.method != "PATCH" && o.method != "DELETE":
		wrong = "has no method: POST, PUT, PATCH or DELETE"
	case o.method == "POST" && o.bulkID == "":
		wrong = "is a POST without a bulkId"
	case o.path == "":
		wrong = "has no path, such as /Users"
	case o.method != "DELETE" && o.data == nil:
		wrong = "has no data"
	}
	if wrong != "" {
		return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidSyntax, Detail: fmt.Sprintf("Operation %d of the bulk request %s.", i+1, wrong)}
	}
	return o, nil
}

const bulkPrefix = "bulkId:"

// references calls f for every operation whose bulkId v speaks of.
func (b *bulkRun) references(v any, f func(int)) {
	switch v := v.(type) {
	case string:
		for part := range strings.SplitSeq(v, "/") {
			if name, is := strings.CutPrefix(part, bulkPrefix); is {
				if i, known := b.byID[name]; known {
					f(i)
				}
			}
		}
	case []any:
		for _, x := range v {
			b.references(x, f)
		}
	case map[string]any:
		for _, x := range v {
			b.references(x, f)
		}
	}
}

// stranger finds a reference in v to an operation that there is not.
func (b *bulkRun) stranger(v any) (name string, found bool) {
	switch v := v.(type) {
	case string:
		if name, found = strings.CutPrefix(v, bulkPrefix); found {
			_, known := b.byID[name]
			return name, !known
		}
	case []any:
		for _, x := range v {
			if name, found = b.stranger(x); found {
				return name, true
			}
		}
	case map[string]any:
		for _, x := range v {
			if name, found = b.stranger(x); found {
				return name, true
			}
		}
	}
	return "", false
}

// enough reports whether as many operations failed as the client allows.
func (b *bulkRun) enough() bool { return b.most > 0 && b.errors >= b.most }

// do makes one operation, after those it speaks of. In a circle of references
// somebody has to be first: what speaks of others is left out there and set
// afterwards.
func (b *bulkRun) do(ctx context.Context, i int) {
	o := b.ops[i]
	if o.state != undone {
		return
	}
	o.state = doing
	for _, need := range o.needs {
		if need != i && !b.enough() {
			b.do(ctx, need)
		}
	}
	if b.enough() {
		o.state = undone
		return
	}
	data := o.data
	if o.method == "POST" {
		open := func(v any) bool {
			waits := false
			b.references(v, func(n int) { waits = waits || b.ops[n].state == doing })
			return waits
		}
		if open(map[string]any(o.data)) {
			data = map[string]any{}
			late := map[string]any{}
			for key, v := range o.data {
				if open(v) {
					late[key] = v
				} else {
					data[key] = v
				}
			}
			b.later = append(b.later, afterwards{i, late})
		}
	}
	b.make(ctx, o, data)
	o.state = done
}

// make sends one operation on its way and keeps the outcome.
func (b *bulkRun) make(ctx context.Context, o *bulkOperation, data map[string]any) {
	var got *reply
	err := o.refused
	if err == nil {
		got, err = b.send(ctx, o.method, o.path, o.version, data)
	}
	o.outcome = object{"method": o.method}
	if o.bulkID != "" {
		o.outcome["bulkId"] = o.bulkID
	}
	where := ""
	if o.method != "POST" && b.unmet(o.path) == nil { // RFC 7644 section 3.7: whatever came of it
		path, _, _ := strings.Cut(b.resolve(o.path).(string), "?")
		where = b.c.base + "/" + strings.TrimPrefix(path, "/")
		o.outcome["location"] = where
	}
	if err != nil {
		b.fail(ctx, o, err)
		return
	}
	o.outcome["status"] = strconv.Itoa(got.status)
	if got.content != "" {
		where = got.content
		o.outcome["location"] = where
	}
	if got.version != 0 {
		o.outcome["version"] = etag(got.version)
	}
	o.id = where[strings.LastIndexByte(where, '/')+1:]
}

func (b *bulkRun) fail(ctx context.Context, o *bulkOperation, err error) {
	b.errors++
	o.failed = true
	e := scimError(err)
	if e.Status >= http.StatusInternalServerError {
		b.c.h.cfg.Log.ErrorContext(ctx, "scim bulk operation failed", "workspace", b.c.ws.ID, "method", o.method, "error", err)
	}
	o.outcome["status"] = strconv.Itoa(e.Status)
	o.outcome["response"] = e
}

// unmet is the error about a reference in v that nothing stands behind.
func (b *bulkRun) unmet(v any) (err error) {
	b.references(v, func(i int) {
		if b.ops[i].id == "" {
			err = &scim.Error{Status: http.StatusConflict, Kind: scim.InvalidValue, Detail: fmt.Sprintf("The operation with the bulkId %.64q, which this one speaks of, did not succeed.", b.ops[i].bulkID)}
		}
	})
	return err
}

// send makes a request as if it had come alone.
func (b *bulkRun) send(ctx context.Context, method, path, version string, data map[string]any) (*reply, error) {
	if err := b.unmet(map[string]any{"path": path, "data": data}); err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(b.resolve(path).(string), "?")
	q := &ask{method: method, ifMatch: version}
	var err error
	if q.query, err = readParams(query); err != nil {
		return nil, err
	}
	segments := split((&url.URL{Path: path}).EscapedPath())
	byMethod := b.c.route(q, segments)
	if q.rt == nil || byMethod[method] == nil {
		return nil, &scim.Error{Status: http.StatusBadRequest, Kind: scim.InvalidValue, Detail: fmt.Sprintf("A bulk operation cannot %s %.64q.", method, path)}
	}
	if data != nil {
		if q.body, err = jsonOf(b.resolve(data)); err != nil {
			return nil, err
		}
	}
	// Each operation is on record by itself, under the id of the whole request.
	own, began := *b.c, b.c.h.cfg.Now()
	own.id, own.name, own.changed, own.query = q.id, "", nil, q.query
	done, err := byMethod[method](&own, ctx, q)
	status := http.StatusOK
	if err == nil {
		status = done.status
	}
	b.c.h.recordCall(&own, method, strings.TrimPrefix(q.rt.Endpoint, "/"), status, began, err)
	return done, err
}

// resolve puts ids in the place of references.
func (b *bulkRun) resolve(v any) any {
	switch v := v.(type) {
	case string:
		if !strings.Contains(v, bulkPrefix) {
			return v
		}
		parts := strings.Split(v, "/")
		for i, part := range parts {
			if name, is := strings.CutPrefix(part, bulkPrefix); is {
				if n, known := b.byID[name]; known {
					parts[i] = b.ops[n].id
				}
			}
		}
		return strings.Join(parts, "/")
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = b.resolve(x)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, x := range v {
			out[key] = b.resolve(x)
		}
		return out
	}
	return v
}

// finish sets what circles of references left.
func (b *bulkRun) finish(ctx context.Context) {
	for _, late := range b.later {
		o := b.ops[late.op]
		if o.failed || o.id == "" {
			continue
		}
		got, err := b.send(ctx, "PATCH", o.path+"/"+o.id, "", map[string]any{
			"schemas": []any{scim.PatchMessage}, "Operations": []any{map[string]any{"op": "add", "value": late.attrs}},
		})
		if err != nil {
			b.fail(ctx, o, fmt.Errorf("the resource was made, but not what speaks of others: %w", err))
			continue
		}
		if got.version != 0 {
			o.outcome["version"] = etag(got.version)
		}
	}
}
