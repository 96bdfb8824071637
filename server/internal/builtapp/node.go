package builtapp

// Bounds of a manifest. A large real one has some 300 kB and 5,000 elements.
const (
	maxManifest = 8 << 20
	maxDepth    = 64
	maxNodes    = 200_000
)

// node is an element of a manifest, whichever way it was written.
type node struct {
	Name     string
	Attrs    []attribute
	Children []*node
}

// attribute is one of an element. ID is Android's number for it, or 0.
type attribute struct {
	Space, Name, Value string
	ID                 uint32
}

const androidSpace = "http://schemas.android.com/apk/res/android"

// attr returns the value of one of Android's attributes. Android itself goes by
// the number; tools that shrink apps take the name away.
func (n *node) attr(name string) string {
	id := attributeIDs[name]
	for _, a := range n.Attrs {
		if a.ID != 0 && a.ID == id || a.ID == 0 && a.Name == name && a.Space == androidSpace {
			return a.Value
		}
	}
	return ""
}

// plain returns the value of an attribute without a namespace.
func (n *node) plain(name string) string {
	for _, a := range n.Attrs {
		if a.Name == name && a.Space == "" && a.ID == 0 {
			return a.Value
		}
	}
	return ""
}

// all returns the children of that name.
func (n *node) all(names ...string) []*node {
	var out []*node
	for _, c := range n.Children {
		for _, name := range names {
			if c.Name == name {
				out = append(out, c)
			}
		}
	}
	return out
}

// attributeIDs are the numbers of android.R.attr (Android developers, R.attr).
var attributeIDs = map[string]uint32{
	"label":            0x01010001,
	"name":             0x01010003,
	"debuggable":       0x0101000f,
	"exported":         0x01010010,
	"launchMode":       0x0101001d,
	"value":            0x01010024,
	"mimeType":         0x01010026,
	"scheme":           0x01010027,
	"host":             0x01010028,
	"port":             0x01010029,
	"path":             0x0101002a,
	"pathPrefix":       0x0101002b,
	"pathPattern":      0x0101002c,
	"minSdkVersion":    0x0101020c,
	"versionCode":      0x0101021b,
	"versionName":      0x0101021c,
	"targetSdkVersion": 0x01010270,
}
