package builtapp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/lanyard-sso/lanyard/problem"
)

// Numbers of the APK Signing Block (source.android.com, "APK Signature Scheme
// v2", "v3" and "v3.1").
const (
	blockMagic = "APK Sig Block 42"
	blockV2    = 0x7109871a
	blockV3    = 0xf05368c0
	blockV31   = 0x1b93ad61
	attrRotate = 0x3ba06f8c // proof of rotation

	maxBlock   = 32 << 20
	maxSigners = 64
	// maxBlockSigners is how many Android takes of one scheme (MAX_V2_SIGNERS of
	// AOSP), maxSignatures how many of each signer: as many as there are
	// algorithms. maxRotations is far more than anybody changes their key.
	maxBlockSigners = 10
	maxSignatures   = 10
	maxRotations    = 16
)

// errUntrue says that a signature does not fit what it should have signed.
var errUntrue = errors.New("signature does not fit")

// signingBlock finds the block before the zip's central directory and returns
// its pairs, and where it begins. Without a block that is the directory.
func (a *archive) signingBlock() (map[uint32][]byte, int64, error) {
	dir := a.end.directory
	if dir < 32 {
		return nil, dir, nil
	}
	foot := make([]byte, 24)
	if _, err := a.r.ReadAt(foot, dir-24); err != nil {
		return nil, 0, err
	}
	if string(foot[8:]) != blockMagic {
		return nil, dir, nil
	}
	size := binary.LittleEndian.Uint64(foot)
	if size < 24 || size > maxBlock || int64(size)+8 > dir {
		return nil, 0, errSigningBlock
	}
	begin := dir - int64(size) - 8
	block := make([]byte, size+8)
	if _, err := a.r.ReadAt(block, begin); err != nil {
		return nil, 0, err
	}
	if binary.LittleEndian.Uint64(block) != size {
		return nil, 0, errSigningBlock
	}
	pairs := map[uint32][]byte{}
	for c := (&cursor{b: block[8 : len(block)-24]}); len(c.b) > 0; {
		piece := &cursor{b: c.take(c.uint64())}
		id := piece.uint32()
		if c.bad || piece.bad {
			return nil, 0, errSigningBlock
		}
		if _, twice := pairs[id]; !twice { // Android takes the first
			pairs[id] = piece.b
		}
	}
	return pairs, begin, nil
}

// blockSigners returns the certificates of schemes v2, v3 and v3.1 and those
// that were rotated away from.
func (a *archive) blockSigners() ([]Signer, error) {
	pairs, begin, err := a.signingBlock()
	if err != nil {
		return nil, problem.Wrap(problem.AppDamaged, err)
	}
	var out []Signer
	contents := apkContents{archive: a, block: begin}
	for _, s := range []struct {
		scheme Scheme
		id     uint32
	}{{V2, blockV2}, {V3, blockV3}, {V31, blockV31}} {
		value, there := pairs[s.id]
		if !there {
			continue
		}
		signers, err := schemeSigners(s.scheme, value, &contents)
		switch {
		case errors.Is(err, errUntrue):
			return nil, problem.Wrap(problem.AppSignature, fmt.Errorf("scheme %s: %w", s.scheme, err))
		case err != nil:
			return nil, problem.Wrap(problem.AppDamaged, fmt.Errorf("scheme %s: %w", s.scheme, err))
		}
		out = append(out, signers...)
	}
	return lineageOnce(out), nil
}

// lineageOnce puts the certificates of lineages at the end, each once, without
// the one that a lineage leads to: that signs the app in v3 itself.
func lineageOnce(all []Signer) []Signer {
	var out, old []Signer
	seen := map[string]bool{}
	for _, s := range all {
		if s.Scheme != Lineage {
			out = append(out, s)
			seen[string(s.DER)] = seen[string(s.DER)] || s.Scheme == V3 || s.Scheme == V31
		}
	}
	for _, s := range all {
		if s.Scheme == Lineage && !seen[string(s.DER)] {
			seen[string(s.DER)] = true
			old = append(old, s)
		}
	}
	return append(out, old...)
}

// schemeSigners reads the signers of one scheme: a sequence in a sequence.
func schemeSigners(scheme Scheme, value []byte, contents *apkContents) ([]Signer, error) {
	outer := &cursor{b: value}
	var out []Signer
	n := 0
	err := each(outer.slice(), func(c *cursor) error {
		if n++; n > maxBlockSigners {
			return errSigningBlock
		}
		signers, err := readSigner(scheme, c, contents)
		out = append(out, signers...)
		return err
	})
	if err == nil && (outer.bad || len(out) == 0) {
		err = errSigningBlock
	}
	return out, err
}

// readSigner reads one signer, verifies that it signed what it says it did, and
// that this is what the file holds.
func readSigner(scheme Scheme, c *cursor, contents *apkContents) ([]Signer, error) {
	signed := c.slice()
	var minSDK, maxSDK uint32
	if scheme != V2 {
		minSDK, maxSDK = c.uint32(), c.uint32()
	}
	signatures, key := c.slice(), c.slice()
	if c.bad {
		return nil, errSigningBlock
	}
	data, err := readSigned(scheme, signed)
	if err != nil {
		return nil, err
	}
	cert, err := readBare(data.certs[0])
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(cert.keyInfo, key) || scheme != V2 && (minSDK != data.minSDK || maxSDK != data.maxSDK) {
		return nil, errUntrue
	}
	if err := verifySigned(cert, signed, signatures, data.digests, contents); err != nil {
		return nil, err
	}
	out := []Signer{{Scheme: scheme, DER: data.certs[0], MinSDK: minSDK, MaxSDK: maxSDK}}
	for _, der := range data.lineage {
		out = append(out, Signer{Scheme: Lineage, DER: der})
	}
	return out, nil
}

// signedData is what a signer vouches for.
type signedData struct {
	digests        map[uint32][]byte // by signature algorithm
	certs, lineage [][]byte
	minSDK, maxSDK uint32
}

func readSigned(scheme Scheme, b []byte) (signedData, error) {
	d := signedData{digests: map[uint32][]byte{}}
	c := &cursor{b: b}
	digests, certs := c.slice(), c.slice()
	if scheme != V2 {
		d.minSDK, d.maxSDK = c.uint32(), c.uint32()
	}
	attrs := c.slice()
	err := errors.Join(
		each(digests, func(p *cursor) error {
			id := p.uint32()
			d.digests[id] = p.slice()
			return nil
		}),
		each(certs, func(p *cursor) error {
			d.certs = append(d.certs, p.b)
			return nil
		}),
		each(attrs, func(p *cursor) (err error) {
			if p.uint32() == attrRotate {
				d.lineage, err = readLineage(p.b)
			}
			return err
		}),
	)
	if err == nil && (c.bad || len(d.certs) == 0) {
		err = errSigningBlock
	}
	return d, err
}

// readLineage returns the certificates of a proof of rotation, oldest first,
// the one in use included. Each node is signed with the key before it.
func readLineage(b []byte) (ders [][]byte, err error) {
	c := &cursor{b: b}
	if c.uint32() != 1 || c.bad {
		return nil, errSigningBlock
	}
	var parent *bareCertificate
	err = each(c.b, func(p *cursor) error {
		signed := p.slice()
		p.uint32() // flags: what an old key may still be used for
		p.uint32() // the algorithm with which the next one is signed
		signature := p.slice()
		inner := &cursor{b: signed}
		der := inner.slice()
		algorithm := inner.uint32()
		if inner.bad || p.bad || len(ders) >= maxRotations {
			return errSigningBlock
		}
		cert, err := readBare(der)
		if err != nil {
			return err
		}
		if parent != nil {
			if known, ok := verifySignature(parent, algorithm, signed, signature); known && !ok {
				return errUntrue
			}
		}
		parent, ders = cert, append(ders, der)
		return nil
	})
	return ders, err
}
