package builtapp

import (
	"bytes"
	"crypto"
	//lint:ignore SA1019 old apps are signed with DSA, and nothing here signs
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"sync"
)

// algorithm is a signature algorithm of the APK schemes.
type algorithm struct {
	hash crypto.Hash
	kind string
	// chunked is whether the digest of the contents is made of chunks of a
	// megabyte; else it is an fs-verity tree, which is for v4.
	chunked bool
}

// algorithms are those of source.android.com, "APK Signature Scheme v2",
// Signature Algorithm IDs, and the fs-verity ones of apksigner.
var algorithms = map[uint32]algorithm{
	0x0101: {crypto.SHA256, "pss", true},
	0x0102: {crypto.SHA512, "pss", true},
	0x0103: {crypto.SHA256, "rsa", true},
	0x0104: {crypto.SHA512, "rsa", true},
	0x0201: {crypto.SHA256, "ecdsa", true},
	0x0202: {crypto.SHA512, "ecdsa", true},
	0x0301: {crypto.SHA256, "dsa", true},
	0x0421: {crypto.SHA256, "rsa", false},
	0x0423: {crypto.SHA256, "ecdsa", false},
	0x0425: {crypto.SHA256, "dsa", false},
}

// verifySigned holds what was signed against the signatures and the file. One
// algorithm that is known and fits is enough, as it is for Android; one that
// is known and does not fit is an error.
func verifySigned(cert *bareCertificate, signed, signatures []byte, digests map[uint32][]byte, contents *apkContents) error {
	verified, n := 0, 0
	err := each(signatures, func(p *cursor) error {
		if n++; n > maxSignatures {
			return errSigningBlock
		}
		id, signature := p.uint32(), p.slice()
		known, ok := verifySignature(cert, id, signed, signature)
		if !known || p.bad {
			return nil
		}
		if !ok {
			return errUntrue
		}
		if alg := algorithms[id]; alg.chunked {
			sum, err := contents.digest(alg.hash)
			if err != nil {
				return err
			}
			if !bytes.Equal(sum, digests[id]) {
				return errUntrue
			}
			verified++
		}
		return nil
	})
	if err == nil && verified == 0 {
		err = fmt.Errorf("%w: no algorithm that is known", errUntrue)
	}
	return err
}

// verifySignature verifies one signature. The first answer is whether the
// algorithm is known.
func verifySignature(cert *bareCertificate, id uint32, signed, signature []byte) (known, ok bool) {
	alg, known := algorithms[id]
	if !known {
		return false, false
	}
	h := alg.hash.New()
	h.Write(signed) // a hash never fails
	sum := h.Sum(nil)
	return true, keyFits(cert.key, alg.kind, alg.hash, sum, signature)
}

// keyFits verifies a signature over sum with a key of any kind that apps are
// signed with.
func keyFits(key any, kind string, hash crypto.Hash, sum, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if kind == "pss" {
			return rsa.VerifyPSS(key, hash, sum, signature, &rsa.PSSOptions{SaltLength: hash.Size()}) == nil
		}
		return kind == "rsa" && rsa.VerifyPKCS1v15(key, hash, sum, signature) == nil
	case *ecdsa.PublicKey:
		return kind == "ecdsa" && ecdsa.VerifyASN1(key, sum, signature)
	case *dsa.PublicKey:
		return kind == "dsa" && dsaFits(key, sum, signature)
	}
	return false
}

// dsaFits verifies a signature of DSA, for which a longer digest is cut to the
// length of Q (FIPS 186-4 section 4.6).
func dsaFits(key *dsa.PublicKey, sum, signature []byte) bool {
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(signature, &rs); err != nil || len(rest) > 0 || key.Q.BitLen() > 512 || key.P.BitLen() > 4096 {
		return false
	}
	return dsa.Verify(key, sum[:min(len(sum), (key.Q.BitLen()+7)/8)], rs.R, rs.S)
}

// apkContents digests a file as the APK schemes do: what is before the block,
// the zip's central directory, and its end record.
type apkContents struct {
	archive *archive
	block   int64 // where the signing block begins
	made    map[crypto.Hash][]byte
}

// chunkSize is how much goes into one digest.
const chunkSize = 1 << 20

// section is a part of the file that is cut into chunks of its own.
type section struct {
	r    io.ReaderAt
	size int64
}

// digest returns the digest of the whole. It is made once for each hash, on all
// the processors.
func (c *apkContents) digest(hash crypto.Hash) ([]byte, error) {
	if sum, ok := c.made[hash]; ok {
		return sum, nil
	}
	sections, err := c.sections()
	if err != nil {
		return nil, err
	}
	var chunks []section
	for _, s := range sections {
		for at := int64(0); at < s.size; at += chunkSize {
			n := min(chunkSize, s.size-at)
			chunks = append(chunks, section{io.NewSectionReader(s.r, at, n), n})
		}
	}
	sums := make([]byte, 5+len(chunks)*hash.Size())
	sums[0] = 0x5a
	binary.LittleEndian.PutUint32(sums[1:], uint32(len(chunks)))
	if err := digestChunks(hash, chunks, sums[5:]); err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(sums) // a hash never fails
	if c.made == nil {
		c.made = map[crypto.Hash][]byte{}
	}
	c.made[hash] = h.Sum(nil)
	return c.made[hash], nil
}

// sections are the three parts. The end record counts as if the directory came
// where the block is, since the block was put in after it was signed.
func (c *apkContents) sections() ([]section, error) {
	a := c.archive
	end := make([]byte, a.size-a.end.at)
	if _, err := a.r.ReadAt(end, a.end.at); err != nil && err != io.EOF {
		return nil, err
	}
	binary.LittleEndian.PutUint32(end[16:], uint32(c.block))
	return []section{
		{a.r, c.block},
		{io.NewSectionReader(a.r, a.end.directory, a.end.at-a.end.directory), a.end.at - a.end.directory},
		{bytes.NewReader(end), int64(len(end))},
	}, nil
}

// digestChunks writes the digest of each chunk into sums.
func digestChunks(hash crypto.Hash, chunks []section, sums []byte) error {
	workers := min(runtime.GOMAXPROCS(0), len(chunks))
	largest := int64(0)
	for _, c := range chunks {
		largest = max(largest, c.size)
	}
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			buf := make([]byte, 5+largest)
			h := hash.New()
			for i := w; i < len(chunks) && errs[w] == nil; i += workers {
				n := chunks[i].size
				buf[0] = 0xa5
				binary.LittleEndian.PutUint32(buf[1:], uint32(n))
				if _, err := chunks[i].r.ReadAt(buf[5:5+n], 0); err != nil && err != io.EOF {
					errs[w] = err
				}
				h.Reset()
				h.Write(buf[:5+n])
				h.Sum(sums[i*hash.Size() : i*hash.Size()])
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
