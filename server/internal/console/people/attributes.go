package people

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// maxFacts is how many attributes a page shows, and maxValue how much of each.
	maxFacts, maxValue = 200, 500
)

// attributes are those of a SCIM resource, by path, as a list. What cannot be
// read is none.
func attributes(doc []byte) []fact {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if d.Decode(&object) != nil {
		return []fact{}
	}
	delete(object, "schemas")
	all := flatten([]fact{}, "", object)
	return all[:min(maxFacts, len(all))]
}

// flatten adds the values below a path.
func flatten(all []fact, path string, v any) []fact {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = flatten(all, strings.TrimPrefix(path+"."+name, "."), v[name])
		}
	case []any:
		for i, item := range v {
			all = flatten(all, path+"["+label(item, i)+"]", unlabelled(item))
		}
	case nil:
	default:
		text := fmt.Sprint(v)
		if r := []rune(text); len(r) > maxValue {
			text = string(r[:maxValue]) + "…"
		}
		all = append(all, fact{shortName(path), text})
	}
	return all
}

// label tells the values of an attribute with several apart: by their type, as
// Entra's mappings do, else by their place.
func label(item any, i int) string {
	if object, is := item.(map[string]any); is {
		if kind, is := object["type"].(string); is && kind != "" {
			return kind
		}
	}
	return fmt.Sprint(i + 1)
}

// unlabelled is a value without the type that labels it.
func unlabelled(item any) any {
	object, is := item.(map[string]any)
	if !is {
		return item
	}
	if kind, is := object["type"].(string); !is || kind == "" {
		return item
	}
	rest := maps.Clone(object)
	delete(rest, "type")
	return rest
}
