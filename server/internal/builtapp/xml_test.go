package builtapp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-sso/lanyard/problem"
)

// protoField writes a field of wire type 2 of a protobuf message, or of wire
// type 0 when content is a number.
func protoField(tag int, content any) []byte {
	switch c := content.(type) {
	case int:
		return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(tag)<<3), uint64(c))
	case string:
		return protoField(tag, []byte(c))
	}
	b := content.([]byte)
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(tag)<<3|2), uint64(len(b))), b...)
}

// protoNode writes an element as Resources.proto says, with Android's
// attributes in turn. One that is a []byte has no text but a compiled item.
func protoNode(name string, attrs []any, children ...[]byte) []byte {
	element := append(protoField(1, protoField(1, "android")), protoField(3, name)...)
	for i := 0; i < len(attrs); i += 2 {
		attr := protoField(2, attrs[i])
		if name := attrs[i].(string); name != "package" {
			attr = append(append(protoField(1, androidSpace), attr...), protoField(5, int(attributeIDs[name]))...)
		}
		if text, ok := attrs[i+1].(string); ok {
			attr = append(attr, protoField(3, text)...)
		} else {
			attr = append(attr, protoField(6, attrs[i+1].([]byte))...)
		}
		element = append(element, protoField(4, attr)...)
	}
	for _, c := range children {
		element = append(element, protoField(5, c)...)
		element = append(element, protoField(5, protoField(2, "\n  "))...)
	}
	return protoField(1, element)
}

// primitive is a compiled Item.
func primitive(tag, value int) []byte { return protoField(7, protoField(tag, value)) }

func protoManifest() []byte {
	return protoNode(
		"manifest", []any{"package", "com.acme.app", "versionCode", primitive(6, 42), "versionName", "1.2.3"},
		protoNode("uses-sdk", []any{"minSdkVersion", "15", "targetSdkVersion", primitive(6, 35)}),
		protoNode(
			"application", []any{"label", protoField(2, protoField(1, "Acme")), "debuggable", primitive(8, 1)},
			protoNode(
				"activity", []any{"name", ".Redirect", "exported", primitive(8, 0), "launchMode", primitive(6, 2)},
				protoNode(
					"intent-filter", nil,
					protoNode("action", []any{"name", "android.intent.action.VIEW"}),
					protoNode("data", []any{"scheme", "msauth", "host", "com.acme.app", "path", protoField(1, protoField(2, 0x7f010001))}),
				),
			),
		),
	)
}

func TestRead_itReadsAnAppBundle(t *testing.T) {
	v1 := fixture(t, "v1.apk")
	z, err := openArchive(bytes.NewReader(v1), int64(len(v1)))
	if err != nil {
		t.Fatal(err)
	}
	pairs := []any{"base/manifest/AndroidManifest.xml", protoManifest(), "BundleConfig.pb", []byte("x")}
	for _, name := range z.names {
		if metaName(name) != "" {
			b, err := z.read(name, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			pairs = append(pairs, name, b)
		}
	}
	a, err := readBytes(zipped(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"v1 " + rsaSHA1}, signers(a)); diff != "" {
		t.Errorf("signers (-want +got):\n%s", diff)
	}
	a.Signers = nil
	want := App{
		Kind: AAB, ID: "com.acme.app", Name: "Acme", Version: "1.2.3", Build: "42", MinSystem: "15", TargetSDK: "35", Debuggable: true,
		Schemes: []string{"msauth"},
		Activities: []Activity{{
			Name: "com.acme.app.Redirect", LaunchMode: "singleTask", Metadata: map[string]string{},
			Filters: []Filter{{Actions: []string{"android.intent.action.VIEW"}, Data: []Data{{Scheme: "msauth", Host: "com.acme.app", Path: "@0x7f010001"}}}},
		}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("app (-want +got):\n%s", diff)
	}
	for _, manifest := range [][]byte{nil, []byte("x"), protoNode("resources", nil), protoNode("manifest", nil), bytes.Repeat([]byte{0x0a}, 1000)} {
		if a, err := readBytes(zipped(t, "base/manifest/AndroidManifest.xml", manifest)); err == nil {
			t.Errorf("%x was read as %+v", manifest, a)
		}
	}
}

// axml writes binary XML in UTF-8: elements begin with their name and end with
// "/"; attributes are name=value.
func axml(parts ...string) []byte {
	var texts []string
	index := func(s string) uint32 {
		for i, t := range texts {
			if t == s {
				return uint32(i)
			}
		}
		texts = append(texts, s)
		return uint32(len(texts) - 1)
	}
	u32 := binary.LittleEndian.AppendUint32
	u16 := binary.LittleEndian.AppendUint16
	head := func(kind, size uint16, all int) []byte { return u32(u16(u16(nil, kind), size), uint32(all)) }
	var body []byte
	for _, p := range parts {
		if p == "/" {
			body = append(append(body, head(chunkEndElement, 16, 24)...), make([]byte, 16)...)
			continue
		}
		words := strings.Fields(p)
		c := u32(u32(nil, noString), index(words[0]))
		c = u16(u16(u16(c, 20), 20), uint16(len(words)-1))
		c = append(c, make([]byte, 6)...)
		for _, w := range words[1:] {
			name, value, _ := strings.Cut(w, "=")
			space := uint32(noString)
			if bare, is := strings.CutPrefix(name, "android:"); is {
				name, space = bare, index(androidSpace)
			}
			c = u32(u32(u32(c, space), index(name)), index(value))
			c = u32(append(u16(c, 8), 0, typeString), index(value))
		}
		body = append(append(body, head(chunkStartElement, 16, 16+len(c))...), append(make([]byte, 8), c...)...)
	}
	var offsets, data []byte
	for _, s := range texts {
		offsets = u32(offsets, uint32(len(data)))
		data = append(append(append(data, byte(len(s)), byte(len(s))), s...), 0)
	}
	begin := 28 + len(offsets)
	pool := append(head(chunkStringPool, 28, begin+len(data)), u32(u32(u32(u32(u32(nil, uint32(len(texts))), 0), 0x100), uint32(begin)), 0)...)
	pool = append(append(pool, offsets...), data...)
	return append(head(chunkXML, 8, 8+len(pool)+len(body)), append(pool, body...)...)
}

func TestParseAXML_itReadsStringsInUTF8AndAttributesByName(t *testing.T) {
	b := axml("manifest package=com.acme.app android:versionName=7", "application", "activity-alias android:name=.A android:launchMode=9", "/", "/", "/")
	a, err := readBytes(zipped(t, "AndroidManifest.xml", b))
	if err != nil || a.ID != "com.acme.app" || a.Version != "7" || len(a.Activities) != 1 || a.Activities[0].Name != "com.acme.app.A" || a.Activities[0].LaunchMode != "9" {
		t.Errorf("%+v, %v", a, err)
	}
	for name, b := range map[string][]byte{
		"an end without a beginning": axml("manifest package=a.b", "/", "/"),
		"a beginning without an end": axml("manifest package=a.b"),
		"two roots":                  axml("manifest package=a.b", "/", "manifest package=c.d", "/"),
		"nesting without end":        axml(append([]string{"manifest package=a.b"}, strings.Fields(strings.Repeat("x ", 1000))...)...),
		"another root":               axml("resources package=a.b", "/"),
		"no package":                 axml("manifest x=y", "/"),
	} {
		if a, err := readBytes(zipped(t, "AndroidManifest.xml", b)); err == nil {
			t.Errorf("%s was read as %+v", name, a)
		}
	}
}

func TestParseAXML_sharedLongStringsDoNotSwell(t *testing.T) {
	// Every string begins one byte further in the same long run, so that the
	// file would give thousands of times its size.
	const many = 20_000
	u32 := binary.LittleEndian.AppendUint32
	data := bytes.Repeat([]byte{0xff, 0xff}, 40_000)
	p := &stringPool{data: data, utf8: true, made: map[uint32]string{}, left: 1 << 20}
	for i := range uint32(many) {
		p.offsets = u32(p.offsets, i)
	}
	total := 0
	for i := range uint32(many) {
		s, err := p.get(i)
		if total += len(s); err != nil {
			break
		}
	}
	if total > 1<<20 {
		t.Errorf("%d bytes were made", total)
	}
}

func TestDecodeUTF16_itReadsLongAndShortLengths(t *testing.T) {
	long := strings.Repeat("é", 40_000)
	units := utf16.Encode([]rune(long))
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, 0x8000), uint16(len(units)))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	if s, ok := decodeUTF16(b); !ok || s != long {
		t.Errorf("%d characters, %v", len(s), ok)
	}
	if _, ok := decodeUTF16(b[:len(b)-1]); ok {
		t.Error("a string that is cut short was read")
	}
	if s, ok := decodeUTF8([]byte("\x81\x00\x81\x00" + strings.Repeat("x", 256))); !ok || len(s) != 256 {
		t.Errorf("%d characters, %v", len(s), ok)
	}
}

func TestRC2_itsTableIsAPermutation(t *testing.T) {
	var seen [256]bool
	for _, b := range rc2Table {
		if seen[b] {
			t.Fatalf("%#x stands in it twice", b)
		}
		seen[b] = true
	}
	// RFC 2268 section 5: a key of 64 bits and one of 128.
	for _, v := range [][3]string{
		{"ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{"3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{"88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		got := make([]byte, 8)
		newRC2(unhex(t, v[0])).Decrypt(got, unhex(t, v[2]))
		if !bytes.Equal(got, unhex(t, v[1])) {
			t.Errorf("key %s: %x, want %s", v[0], got, v[1])
		}
	}
}

func TestPlist_itRefusesWhatIsDamaged(t *testing.T) {
	for _, text := range []string{"", "<plist>", "<plist><dict><key>a</key></dict></plist>", "<plist><dict><integer>1</integer><string/></dict></plist>", "<plist>" + strings.Repeat("<array>", 100), "bplist00", "bplist00" + strings.Repeat("\xff", 40)} {
		a := App{}
		err := a.fromInfoPlist([]byte(text))
		if got, _ := problem.Of(err); got != problem.AppDamaged && got != problem.AppNoManifest {
			t.Errorf("%q: %v", text, err)
		}
	}
	// An array that holds itself.
	loop := []byte("bplist00\xa1\x00\x08")
	loop = append(loop, 0, 0, 0, 0, 0, 0, 1, 1)
	for _, n := range []uint64{1, 0, 10} {
		loop = binary.BigEndian.AppendUint64(loop, n)
	}
	if v, err := parsePlist(loop); err == nil {
		t.Errorf("a loop was read as %v", v)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"v1.apk", "v2.apk", "v3.apk", "rotated.apk", "rsa.p12", "legacy.p12", "rsa.jks", "rsa.jceks", "rsa.pem", "ios.plist", "ios.bplist"} {
		f.Add(fixture(f, name))
	}
	f.Add(zipped(f, "base/manifest/AndroidManifest.xml", protoManifest()))
	f.Add([]byte("[Details]\nID = \"com.acme.app\""))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := readBytes(b)
		if err != nil {
			if code, _ := problem.Of(err); code == problem.Internal || a.Kind != "" {
				t.Errorf("%v is no answer for a person (%+v)", err, a)
			}
			return
		}
		if a.ID == "" && len(a.Signers) == 0 {
			t.Errorf("nothing was found, and no error said so: %+v", a)
		}
		_ = a.RedirectURIs()
	})
}

func FuzzManifest(f *testing.F) {
	b := fixture(f, "unsigned.apk")
	z, err := openArchive(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		f.Fatal(err)
	}
	manifest, _ := z.read("AndroidManifest.xml", maxManifest)
	table, _ := z.read("resources.arsc", maxTable)
	f.Add(manifest, table)
	f.Add(axml("manifest package=a.b", "/"), table)
	f.Add(protoManifest(), []byte{})
	f.Fuzz(func(_ *testing.T, manifest, table []byte) {
		res := readTable(table)
		for id := range uint32(8) {
			res.find(0x7f010000|id, 0)
			res.find(0x7f020000|id, 0)
		}
		for _, parse := range []func([]byte) (*node, error){parseAXML, parseProtoXML} {
			if root, err := parse(manifest); err == nil {
				new(App).fromManifest(root, func(s string) string { return s })
			}
		}
	})
}

func FuzzSigningBlock(f *testing.F) {
	b := fixture(f, "rotated.apk")
	f.Add(blockOf(f, b, blockV2))
	f.Add(blockOf(f, b, blockV3))
	f.Fuzz(func(_ *testing.T, value []byte) {
		contents := &apkContents{archive: &archive{r: bytes.NewReader(b), size: int64(len(b)), end: endRecord{at: int64(len(b)) - 22}}}
		for _, scheme := range []Scheme{V2, V3} {
			_, _ = schemeSigners(scheme, value, contents)
		}
		_, _ = readLineage(value)
		if block, _ := pem.Decode(value); block != nil {
			_, _ = readBare(block.Bytes)
		}
		_, _ = readBare(value)
		_, _ = pkcs7Signer(value, value)
	})
}

func FuzzPlist(f *testing.F) {
	f.Add(fixture(f, "ios.plist"))
	f.Add(fixture(f, "ios.bplist"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parsePlist(b) })
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
