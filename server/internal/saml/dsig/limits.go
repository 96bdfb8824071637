package dsig

// Limits bound what one document may hold, and by that what reading it may
// cost. The zero value is right for a SAML response. A negative number is no
// way to switch a limit off: it means the default, as zero does.
type Limits struct {
	// Bytes is the largest document, and the largest canonical form made from
	// it. Zero means 256 KiB.
	Bytes int
	// Depth is how deep elements may nest. Zero means 64.
	Depth int
	// Elements bounds elements, comments and CDATA sections together. Zero means
	// 10,000.
	Elements int
	// Attributes bounds attributes and namespace declarations together. Zero
	// means 10,000.
	Attributes int
	// References bounds character and entity references. Zero means 10,000.
	References int
}

const (
	// attributesEach bounds attributes and namespace declarations of one element,
	// because looking for duplicates compares each with each.
	attributesEach = 128
	// namespacesInScope bounds the declarations that hold at one place, because
	// finding what a prefix means looks through them.
	namespacesInScope = 128
)

// filled returns l with the defaults in place of what is not set.
func (l Limits) filled() Limits {
	for _, f := range []struct {
		value *int
		zero  int
	}{{&l.Bytes, 256 << 10}, {&l.Depth, 64}, {&l.Elements, 10_000}, {&l.Attributes, 10_000}, {&l.References, 10_000}} {
		if *f.value <= 0 {
			*f.value = f.zero
		}
	}
	return l
}
