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

// rooms are to pack in: a text may become longer before it is known to be shorter.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// Pack gives the packed form of a text. It is only packed where that is
// shorter.
func Pack(text []byte) []byte {
	if len(text) >= shortest {
		room := rooms.Get().(*[]byte)
		defer rooms.Put(room)
		*room = slices.Grow((*room)[:0], s2.MaxEncodedLen(len(text)))
		if packed := dict1().Encode((*room)[:cap(*room)], text); len(packed) < len(text) {
			return append(append(make([]byte, 0, 1+len(packed)), dictionary1), packed...)
		}
	}
	return append([]byte{plain}, text...)
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
