package provision

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	maxRecordedBody = 4000 // bytes
	maxRecordedList = 5    // of one list
)

// plainKeys are the members whose texts name attributes and operations, never
// people.
var plainKeys = []string{"op", "path", "schemas", "type", "resourcetype", "method", "scimtype"}

// redactBody returns the shape of what was sent: the names of attributes,
// operations and paths, and booleans, in whichever way they were written. Every
// other value is …: what helps to find a mistake is rarely a value.
func redactBody(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return fmt.Sprintf("(%d bytes that are no JSON)", len(body))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(redacted("", v)); err != nil {
		return ""
	}
	return clip(strings.TrimSpace(out.String()), maxRecordedBody)
}

func redacted(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		shown := make(map[string]any, len(v))
		for k, member := range v {
			shown[clip(redactFilter(k), 200)] = redacted(k, member)
		}
		return shown
	case []any:
		shown := make([]any, 0, min(len(v), maxRecordedList)+1)
		for i, one := range v {
			if i == maxRecordedList {
				shown = append(shown, fmt.Sprintf("… and %d more", len(v)-i))
				break
			}
			shown = append(shown, redacted(key, one))
		}
		return shown
	case string:
		switch {
		case slices.Contains(plainKeys, strings.ToLower(key)):
			return clip(redactFilter(v), 200)
		case v == "", strings.EqualFold(v, "true"), strings.EqualFold(v, "false"):
			return v
		}
		return "…"
	case json.Number:
		return "…"
	}
	return v // booleans and null
}
