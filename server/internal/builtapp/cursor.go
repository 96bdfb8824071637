package builtapp

import (
	"encoding/binary"
	"errors"
)

var errSigningBlock = errors.New("signing block is damaged")

// cursor reads the little-endian, length-prefixed pieces of an APK Signing
// Block. After the first piece that is not there, bad is set and all that is
// read is empty, so that callers ask once at the end.
type cursor struct {
	b   []byte
	bad bool
}

// take returns the next n bytes.
func (c *cursor) take(n uint64) []byte {
	if c.bad || n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// slice returns what follows its length in four bytes.
func (c *cursor) slice() []byte { return c.take(uint64(c.uint32())) }

// each calls f for every length-prefixed piece of b.
func each(b []byte, f func(*cursor) error) error {
	for c := (&cursor{b: b}); len(c.b) > 0; {
		piece := &cursor{b: c.slice()}
		if c.bad {
			return errSigningBlock
		}
		if err := f(piece); err != nil {
			return err
		}
		if piece.bad {
			return errSigningBlock
		}
	}
	return nil
}
