package dsig

import (
	"strings"
	"testing"
)

func TestParse_refusesWhatIsNotPlainXML(t *testing.T) {
	deep := strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65)
	cases := map[string]struct {
		document string
		want     Check
	}{
		"nothing":                               {"", CheckXML},
		"only white space":                      {" \n", CheckXML},
		"only text":                             {"hello", CheckXML},
		"text in front":                         {"x<a/>", CheckXML},
		"text behind":                           {"<a/>x", CheckXML},
		"a reference behind":                    {"<a/>&#32;", CheckXML},
		"a CDATA section behind":                {"<a/><![CDATA[ ]]>", CheckXML},
		"two roots":                             {"<a/><b/>", CheckXML},
		"an open element":                       {"<a><b></b>", CheckXML},
		"an end too many":                       {"<a/></a>", CheckXML},
		"another end":                           {"<a></b>", CheckXML},
		"an end of another prefix":              {`<a xmlns:p="urn:x"></p:a>`, CheckXML},
		"a longer end":                          {"<a></aa>", CheckXML},
		"an end with attributes":                {`<a></a x="y">`, CheckXML},
		"crossed elements":                      {"<a><b></a></b>", CheckXML},
		"half a tag":                            {"<a", CheckXML},
		"half an attribute":                     {`<a x`, CheckXML},
		"half a value":                          {`<a x="`, CheckXML},
		"no value":                              {`<a x/>`, CheckXML},
		"a value without quotes":                {`<a x=y/>`, CheckXML},
		"attributes that touch":                 {`<a x="1"y="2"/>`, CheckXML},
		"a slash in a tag":                      {`<a / >`, CheckXML},
		"< in a value":                          {`<a x="<"/>`, CheckXML},
		"a space before the name":               {`< a/>`, CheckXML},
		"a name with a digit first":             {`<1a/>`, CheckXML},
		"a name with two colons":                {`<a:b:c xmlns:a="urn:x"/>`, CheckXML},
		"a name that ends with a colon":         {`<a: xmlns:a="urn:x"/>`, CheckXML},
		"a name that begins with a colon":       {`<:a/>`, CheckXML},
		"a name that is not ASCII":              {`<é/>`, CheckForbidden},
		"an attribute twice":                    {`<a x="1" x="1"/>`, CheckXML},
		"an attribute twice by another prefix":  {`<a xmlns:p="urn:x" xmlns:q="urn:x" p:x="1" q:x="1"/>`, CheckXML},
		"an unknown prefix":                     {`<p:a/>`, CheckXML},
		"an unknown prefix of an attribute":     {`<a p:x=""/>`, CheckXML},
		"a prefix of an element before":         {`<a><b xmlns:p="urn:x"/><p:c/></a>`, CheckXML},
		"a prefix of an element inside":         {`<a><b xmlns:p="urn:x"></b><p:c/></a>`, CheckXML},
		"an element of prefix xml":              {`<xml:a/>`, CheckXML},
		"an element of prefix xmlns":            {`<xmlns:a/>`, CheckXML},
		"a prefix for nothing":                  {`<a xmlns:p=""/>`, CheckXML},
		"a prefix twice":                        {`<a xmlns:p="urn:x" xmlns:p="urn:x"/>`, CheckXML},
		"the default twice":                     {`<a xmlns="urn:x" xmlns="urn:y"/>`, CheckXML},
		"another xml":                           {`<a xmlns:xml="urn:x"/>`, CheckXML},
		"another prefix for xml":                {`<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>`, CheckXML},
		"xml as default":                        {`<a xmlns="http://www.w3.org/XML/1998/namespace"/>`, CheckXML},
		"a declaration of xmlns":                {`<a xmlns:xmlns="urn:x"/>`, CheckXML},
		"another prefix for xmlns":              {`<a xmlns:p="http://www.w3.org/2000/xmlns/"/>`, CheckXML},
		"a relative namespace":                  {`<a xmlns:p="1"/>`, CheckForbidden},
		"a relative path for namespace":         {`<a xmlns="/x"/>`, CheckForbidden},
		"a namespace with a space":              {`<a xmlns="urn:x y"/>`, CheckForbidden},
		"a namespace with a bad escape":         {`<a xmlns="urn:%zz"/>`, CheckForbidden},
		"a namespace with an ampersand":         {`<a xmlns="urn:x&amp;y"/>`, CheckForbidden},
		"a namespace with a bad port":           {`<a xmlns="http://x:y/z"/>`, CheckForbidden},
		"a namespace with an empty port":        {`<a xmlns="http://x:/z"/>`, CheckForbidden},
		"a namespace with a user":               {`<a xmlns="http://u@x/z"/>`, CheckForbidden},
		"a namespace with an empty host":        {`<a xmlns="http:///z"/>`, CheckForbidden},
		"a namespace with two fragments":        {`<a xmlns="urn:x#a#b"/>`, CheckForbidden},
		"a namespace with a bad scheme":         {`<a xmlns="1x:y"/>`, CheckForbidden},
		"a document type":                       {`<!DOCTYPE a><a/>`, CheckForbidden},
		"entities":                              {`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, CheckForbidden},
		"a document type in lower case":         {`<!doctype a><a/>`, CheckForbidden},
		"a declaration inside":                  {`<a><!ENTITY x "y"></a>`, CheckForbidden},
		"an unknown entity":                     {`<a>&nbsp;</a>`, CheckForbidden},
		"a processing instruction":              {`<?x y?><a/>`, CheckForbidden},
		"a stylesheet":                          {`<?xml-stylesheet href="x"?><a/>`, CheckForbidden},
		"a processing instruction inside":       {`<a><?x?></a>`, CheckForbidden},
		"an XML declaration after a space":      {` <?xml version="1.0"?><a/>`, CheckForbidden},
		"two XML declarations":                  {`<?xml version="1.0"?><?xml version="1.0"?><a/>`, CheckForbidden},
		"XML 1.1":                               {`<?xml version="1.1"?><a/>`, CheckForbidden},
		"no version":                            {`<?xml encoding="UTF-8"?><a/>`, CheckXML},
		"another encoding":                      {`<?xml version="1.0" encoding="ISO-8859-1"?><a/>`, CheckForbidden},
		"UTF-7":                                 {`<?xml version="1.0" encoding="UTF-7"?><a/>`, CheckForbidden},
		"a declaration out of order":            {`<?xml encoding="UTF-8" version="1.0"?><a/>`, CheckXML},
		"a declaration with more":               {`<?xml version="1.0" x="y"?><a/>`, CheckXML},
		"a declaration with a prefix":           {`<?xml x:version="1.0"?><a/>`, CheckXML},
		"a declaration without end":             {`<?xml version="1.0"`, CheckXML},
		"UTF-16":                                {"\xfe\xff\x00<\x00a\x00/\x00>", CheckXML},
		"an overlong character":                 {"<a>\xc0\xbc</a>", CheckXML},
		"half a character":                      {"<a>\xc3</a>", CheckXML},
		"a surrogate":                           {"<a>\xed\xa0\x80</a>", CheckXML},
		"NUL":                                   {"<a>\x00</a>", CheckXML},
		"a control character":                   {"<a>\x0b</a>", CheckXML},
		"U+FFFE":                                {"<a>\uFFFE</a>", CheckXML},
		"U+FFFF in a value":                     {"<a x='\uFFFF'/>", CheckXML},
		"two byte order marks":                  {"\ufeff\ufeff<a/>", CheckXML},
		"a reference to NUL":                    {"<a>&#0;</a>", CheckForbidden},
		"a reference to a control character":    {"<a>&#x1;</a>", CheckForbidden},
		"a reference to a surrogate":            {"<a>&#xD800;</a>", CheckForbidden},
		"a reference to no character":           {"<a>&#x110000;</a>", CheckForbidden},
		"a reference that overflows":            {"<a>&#4294967361;</a>", CheckForbidden},
		"a reference in capital X":              {"<a>&#X41;</a>", CheckForbidden},
		"a reference with a sign":               {"<a>&#+65;</a>", CheckForbidden},
		"a reference with an underscore":        {"<a>&#6_5;</a>", CheckForbidden},
		"an empty reference":                    {"<a>&;</a>", CheckForbidden},
		"an empty number":                       {"<a>&#;</a>", CheckForbidden},
		"letters in a decimal number":           {"<a>&#4a;</a>", CheckForbidden},
		"a reference without end":               {"<a>&amp</a>", CheckXML},
		"a lone ampersand in a value":           {"<a x='&'/>", CheckXML},
		"the end of CDATA in text":              {"<a>]]></a>", CheckXML},
		"CDATA without end":                     {"<a><![CDATA[x</a>", CheckXML},
		"a comment without end":                 {"<a><!-- </a>", CheckXML},
		"a comment with two hyphens":            {"<a><!-- -- --></a>", CheckXML},
		"a comment with three at its end":       {"<a><!-- ---></a>", CheckXML},
		"an ID twice":                           {`<a ID="x"><b ID="x"/></a>`, CheckID},
		"an ID twice by other names":            {`<a ID="x"><b Id="x"/></a>`, CheckID},
		"an ID twice in lower case":             {`<a AssertionID="x"><b id="x"/></a>`, CheckID},
		"an ID twice in another namespace":      {`<a ID="x"><b xmlns:p="urn:x" p:Id="x"/></a>`, CheckID},
		"an ID twice by xml:id":                 {`<a ID="x"><b xml:id="x"/></a>`, CheckID},
		"an ID twice by a reference":            {`<a ID="x"><b ID="&#120;"/></a>`, CheckID},
		"two IDs on one element":                {`<a ID="x" Id="y"/>`, CheckID},
		"elements too deep":                     {deep, CheckLimit},
		"too many elements":                     {"<a>" + strings.Repeat("<b/>", 10_000) + "</a>", CheckLimit},
		"too many comments":                     {"<a>" + strings.Repeat("<!---->", 10_000) + "</a>", CheckLimit},
		"too many CDATA sections":               {"<a>" + strings.Repeat("<![CDATA[]]>", 10_000) + "</a>", CheckLimit},
		"too many attributes":                   {"<a>" + strings.Repeat("<b c=''"+strings.Repeat(" ", 1)+"d='' e=''/>", 4_000) + "</a>", CheckLimit},
		"too many attributes on one element":    {"<a " + attributes(129) + "/>", CheckLimit},
		"too many namespaces in one place":      {"<a " + namespaces(100) + "><b " + namespaces(29) + "/></a>", CheckLimit},
		"too many references":                   {"<a>" + strings.Repeat("&lt;", 10_001) + "</a>", CheckLimit},
		"too many bytes":                        {"<a>" + strings.Repeat(" ", 256<<10) + "</a>", CheckLimit},
		"an ampersand with much behind it":      {"<a>&" + strings.Repeat("x", 1000) + ";</a>", CheckXML},
		"a number with very many zeros at once": {"<a>&#" + strings.Repeat("0", 1000) + "65;</a>", CheckXML},
	}
	for name, c := range cases {
		t.Run("it refuses "+name, func(t *testing.T) {
			_, err := Parse([]byte(c.document), Limits{})
			if got := checkOf(t, err); got != c.want {
				t.Errorf("it says %q (%v), not %q", got, err, c.want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("its words are %d bytes long", len(err.Error()))
			}
		})
	}
}

// attributes returns n attributes of different names.
func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + number(i) + "=''")
	}
	return b.String()
}

// namespaces returns n declarations.
func namespaces(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" xmlns:n" + number(i) + "='urn:n'")
	}
	return b.String()
}

func TestParse_readsWhatIsThere(t *testing.T) {
	d := parsed(t, "\ufeff<?xml version='1.0'  encoding=\"utf-8\" standalone='yes' ?>\r\n<!-- before -->"+
		"<p:a xmlns:p = 'urn:a' xmlns=\"urn:d\"\n ID='_1' xmlns:q='http://h:80/?a:b@c' p:x='1\t2\r\n3&#9;&#xA;&quot;\"'><b\t>one<!-- - -->&amp;\r\ntwo\rthree<![CDATA[<&]]]]>&#13;&#x1F600;</b ><c xmlns=''/> tail</p:a>\n<!-- after -->")
	root := d.Root()
	if !root.Is("urn:a", "a") || root.ID() != "_1" || root.Parent() != nil {
		t.Errorf("the root is %+v", root.name)
	}
	if v, ok := root.Attr("urn:a", "x"); !ok || v != "1 2 3\t\n\"\"" {
		t.Errorf("p:x is %q, %v", v, ok)
	}
	if _, ok := root.Attr("", "x"); ok {
		t.Error("p:x was found without its namespace")
	}
	b := root.FirstChild()
	if want := "one&\ntwo\nthree<&]]\r😀"; !b.Is("urn:d", "b") || b.Text() != want {
		t.Errorf("b says %q, not %q", b.Text(), want)
	}
	c := b.Next()
	if !c.Is("", "c") || c.Next() != nil || c.Parent() != root || c.FirstChild() != nil || c.Text() != "" {
		t.Errorf("c is %+v", c)
	}
	if root.Text() != " tail" {
		t.Errorf("the root's own text is %q", root.Text())
	}
	if root.Child("urn:d", "b") != b || root.Child("urn:a", "b") != nil {
		t.Error("Child does not look at the namespace")
	}
	var seen []string
	for e := range root.Children() {
		_, local := e.Name()
		seen = append(seen, local)
	}
	for a := range root.Attrs() {
		seen = append(seen, a.Local)
	}
	if got := strings.Join(seen, " "); got != "b c ID x" {
		t.Errorf("children and attributes are %q", got)
	}
	if b.Line() != 4 || root.Line() != 2 {
		t.Errorf("the root is on line %d and b on line %d", root.Line(), b.Line())
	}
}

func TestParse_keepsNoHoldOnItsInput(t *testing.T) {
	raw := []byte("<a>text</a>")
	d, err := Parse(raw, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	copy(raw, "<b>evil</b>")
	if d.Root().Text() != "text" {
		t.Errorf("the document became %q", d.Root().Text())
	}
}

func TestParse_saysWhere(t *testing.T) {
	_, err := Parse([]byte("<a>\n<b>\n</c>\n</a>"), Limits{})
	if err == nil || !strings.Contains(err.Error(), "(line 3)") || !strings.Contains(err.Error(), "</b>") {
		t.Errorf("it says %v", err)
	}
}

func TestLimits_canBeSetForLargerAndSmallerDocuments(t *testing.T) {
	document := []byte("<a b='1'><c d='2'>&lt;&gt;</c></a>")
	for name, l := range map[string]Limits{
		"bytes": {Bytes: 20}, "depth": {Depth: 1}, "elements": {Elements: 1}, "attributes": {Attributes: 1}, "references": {References: 1},
	} {
		if _, err := Parse(document, l); checkOf(t, err) != CheckLimit {
			t.Errorf("a limit on %s says %v", name, err)
		}
	}
	if _, err := Parse(document, Limits{Bytes: 40, Depth: 2, Elements: 2, Attributes: 2, References: 2}); err != nil {
		t.Errorf("within all limits it says %v", err)
	}
	large := []byte("<a>" + strings.Repeat("<b/>", 20_000) + "</a>")
	if _, err := Parse(large, Limits{Bytes: 1 << 20, Elements: 30_000}); err != nil {
		t.Errorf("with larger limits it says %v", err)
	}
}
