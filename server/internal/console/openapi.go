package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"github.com/lanyard-sso/lanyard/server/api"
)

// openAPI describes the JSON API (OpenAPI 3.1, spec.openapis.org/oas/v3.1.1) from
// the routes themselves, so that the two cannot differ.
func (o *Console) openAPI() ([]byte, error) {
	paths := map[string]map[string]any{}
	schemas := jsonschema.Definitions{}
	schemas["Problem"] = schemaOf(reflect.TypeFor[api.Problem](), schemas)
	for _, rt := range o.ordered {
		if rt.kind == raw {
			continue
		}
		if paths[rt.Path] == nil {
			paths[rt.Path] = map[string]any{}
		}
		paths[rt.Path][strings.ToLower(rt.Method)] = operation(rt, schemas)
	}
	return json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Lanyard admin API", "version": "1",
			"description": "What the console can do, in JSON: the same acts, the same rights, the same audit log. Errors are problem documents (RFC 9457).",
		},
		"servers":    []any{map[string]any{"url": o.cfg.URL.Scheme + "://" + o.cfg.URL.Host + API}},
		"paths":      paths,
		"security":   []any{map[string]any{"token": []string{}}},
		"components": map[string]any{"schemas": schemas, "securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}}},
	}, "", " ")
}

func operation(rt Route, schemas jsonschema.Definitions) map[string]any {
	inPath := map[string]bool{}
	var parameters []any
	for _, n := range names(rt.Path) {
		inPath[n] = true
		parameters = append(parameters, map[string]any{"name": n, "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	op := map[string]any{
		"operationId":     rt.Name,
		"x-lanyard-role":  rt.Access.Role.String(),
		"x-lanyard-proof": rt.Access.StepUp,
		"responses": map[string]any{
			"200":     map[string]any{"description": "Done.", "content": answered(rt, schemas)},
			"default": map[string]any{"description": "A problem.", "content": content("application/problem+json", ref("Problem"))},
		},
	}
	if rt.kind == act {
		op["requestBody"] = map[string]any{"content": content("application/json", body(rt.in, inPath))}
	} else {
		for _, f := range reflect.VisibleFields(rt.in) {
			if name := fieldName(f); name != "" && !inPath[name] {
				parameters = append(parameters, map[string]any{"name": name, "in": "query", "schema": inputSchema(f.Type)})
			}
		}
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	return op
}

func answered(rt Route, schemas jsonschema.Definitions) map[string]any {
	if rt.kind == download {
		return content("application/octet-stream", map[string]any{})
	}
	return content("application/json", schemaOf(rt.out, schemas))
}

func content(mediaType string, schema any) map[string]any {
	return map[string]any{mediaType: map[string]any{"schema": schema}}
}

func ref(name string) map[string]any {
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

// schemaOf describes a type, and notes those that it is made of.
func schemaOf(t reflect.Type, schemas jsonschema.Definitions) *jsonschema.Schema {
	r := &jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true, ExpandedStruct: false, RequiredFromJSONSchemaTags: true, Namer: typeName, Mapper: mapped}
	s := r.ReflectFromType(t)
	for name, d := range s.Definitions {
		if schemas[name] == nil {
			relocate(d)
			schemas[name] = d
		}
	}
	pointers(t, schemas, map[reflect.Type]bool{})
	s.Definitions, s.Version = nil, ""
	relocate(s)
	return s
}

// mapped describes types that write their own JSON. Times are strings, durations
// nanoseconds.
func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "integer", Description: "nanoseconds"}
	case reflect.TypeFor[Role]():
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

// typeName tells types of the same name in different packages apart.
func typeName(t reflect.Type) string {
	path := t.PkgPath()
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		path = path[i+1:]
	}
	name := t.Name()
	if path == "" {
		return name
	}
	return path + "." + strings.NewReplacer("[", "_", "]", "", "/", ".", "*", "").Replace(name)
}

// relocate makes the references of a schema those of the document, and lets
// lists and maps be null, as Go writes them where they are empty.
func relocate(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		s.Ref = "#/components/schemas/" + name
	}
	if s.Properties != nil {
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			relocate(p.Value)
			p.Value = orNull(p.Value)
		}
	}
	relocate(s.Items)
	relocate(s.AdditionalProperties)
	for _, part := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, one := range part {
			relocate(one)
		}
	}
	for _, one := range s.PatternProperties {
		relocate(one)
	}
}

// orNull is a list or a map as Go writes it: null where it is empty.
func orNull(s *jsonschema.Schema) *jsonschema.Schema {
	if s.Type != "array" && (s.Type != "object" || s.AdditionalProperties == nil) {
		return s
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
}

// pointers lets those fields of a type, and of what it is made of, be null that
// are pointers.
func pointers(t reflect.Type, schemas jsonschema.Definitions, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	d := schemas[typeName(t)]
	for _, f := range reflect.VisibleFields(t) {
		pointers(f.Type, schemas, seen)
		name := fieldName(f)
		if name == "" && f.IsExported() && f.Tag.Get("json") == "" {
			name = f.Name
		}
		if d == nil || d.Properties == nil || f.Type.Kind() != reflect.Pointer {
			continue
		}
		if p, ok := d.Properties.Get(name); ok && p.AnyOf == nil {
			d.Properties.Set(name, &jsonschema.Schema{AnyOf: []*jsonschema.Schema{p, {Type: "null"}}})
		}
	}
}

// body describes what an act takes: the fields that are not in the path.
func body(in reflect.Type, inPath map[string]bool) map[string]any {
	properties := map[string]any{}
	for _, f := range reflect.VisibleFields(in) {
		if name := fieldName(f); name != "" && !inPath[name] {
			properties[name] = inputSchema(f.Type)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

// inputSchema describes a field of an input.
func inputSchema(t reflect.Type) map[string]any {
	switch {
	case t == upload:
		return map[string]any{
			"type":       "object",
			"properties": map[string]any{"name": map[string]any{"type": "string"}, "data": map[string]any{"type": "string", "contentEncoding": "base64"}},
		}
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "description": "such as 12h or 90d"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint, reflect.Uint64:
		return map[string]any{"type": "integer"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": inputSchema(t.Elem())}
	}
	return map[string]any{"type": "string"}
}

func (o *Console) serveDocument(w http.ResponseWriter, r *http.Request) {
	document, err := o.document()
	if err != nil {
		o.fail(w, r, o.call(r), fmt.Errorf("console: describing the API: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(document); err != nil {
		o.cfg.Log.Debug("the API's document was not read to its end", "error", fmt.Sprint(err))
	}
}
