// Package pack makes the small JSON texts that are stored by the million
// smaller: S2 with a dictionary of what they nearly all say.
package pack

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
)

// A packed text begins with what it was packed with. What is stored stays
// readable: a better dictionary gets the next number, and none ever changes.
const (
	plain       byte = 0
	dictionary1 byte = 1
)

//go:embed dictionary1.txt
var text1 []byte

const (
	// shortest is the length from which packing pays.
	shortest = 64
	// longest bounds what a broken text can make us allocate.
	longest = 64 << 20
)

// dict1 is a constant that takes a moment to make.
var dict1 = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(text1, nil) })

// room is to pack in: the parts of a text are put together there, and it may
// become longer before it is known to be shorter.
type room struct{ text, packed []byte }

var rooms = sync.Pool{New: func() any { return new(room) }}

// Pack gives the packed form of the text that is made of these parts. It is only
// packed where that is shorter.
func Pack(parts ...[]byte) []byte {
	r := rooms.Get().(*room)
	defer rooms.Put(r)
	r.text = r.text[:0]
	for _, part := range parts {
		r.text = append(r.text, part...)
	}
	if len(r.text) >= shortest {
		r.packed = slices.Grow(r.packed[:0], s2.MaxEncodedLen(len(r.text)))
		if packed := dict1().Encode(r.packed[:cap(r.packed)], r.text); len(packed) < len(r.text) {
			return append(append(make([]byte, 0, 1+len(packed)), dictionary1), packed...)
		}
	}
	return append([]byte{plain}, r.text...)
}

var errPacked = errors.New("pack: this is not a packed text")

// Unpack gives the text back. It fails on what Pack did not make.
func Unpack(packed []byte) ([]byte, error) {
	switch {
	case len(packed) == 0:
		return nil, errPacked
	case packed[0] == plain:
		return packed[1:], nil
	case packed[0] == dictionary1:
		if n, err := s2.DecodedLen(packed[1:]); err != nil || n > longest {
			return nil, errPacked
		}
		text, err := dict1().Decode(nil, packed[1:])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errPacked, err)
		}
		return text, nil
	}
	return nil, errPacked
}
