package api

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/getpurser/purser/internal/fault"
)

const (
	// maxDepth bounds how deep a document may nest.
	maxDepth = 32
	// maxNumber bounds how long one number may be written. 10^12 with nine
	// decimals has 22 characters.
	maxNumber = 100
)

// document is a JSON text that was read once, strictly.
type document struct {
	// value is for the check against a schema only: its numbers are floats.
	// What a handler gets is decoded from the text itself.
	value any
	// hash is equal for two texts exactly if they are equal as JSON values.
	hash [32]byte
	// nulls says that there is a null somewhere.
	nulls bool
}

// parse reads one JSON text. Duplicate names, broken UTF-8, anything after the
// text, deep nesting and endless numbers are Malformed.
func parse(text []byte) (document, error) {
	r := readers.Get().(*reader)
	defer r.rest()
	r.text = *bytes.NewBuffer(text)
	r.decoder.Reset(&r.text)
	value, err := r.value()
	if err != nil {
		return document{}, malformed(err)
	}
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return document{}, malformed(errTrailing)
	}
	return document{value: value, hash: sha256.Sum256(r.canonical), nulls: r.nulls}, nil
}

var (
	errTrailing = errors.New("a second JSON text follows the first")
	errNumber   = errors.New("a number is too long")
	errDepth    = errors.New("nested too deep")
	errNUL      = errors.New("a text holds U+0000")
)

// reader reads a JSON text and writes its canonical text beside: names sorted,
// strings with the fewest escapes, numbers as digits and a power of ten.
type reader struct {
	text      bytes.Buffer
	decoder   jsontext.Decoder
	canonical []byte
	// members are where those of the objects under way are in canonical, each
	// with its comma; sorted is room to sort them in.
	members []span
	sorted  []byte
	nulls   bool
}

type span struct{ from, to int }

// maxKept bounds what a reader that rests keeps, in bytes.
const maxKept = 16 << 10

var readers = sync.Pool{New: func() any { return new(reader) }}

// rest makes the reader ready for another text.
func (r *reader) rest() {
	if cap(r.canonical)+cap(r.sorted) > maxKept {
		return
	}
	r.text = bytes.Buffer{}
	r.decoder.Reset(&r.text)
	r.canonical, r.members, r.nulls = r.canonical[:0], r.members[:0], false
	readers.Put(r)
}

// value reads the next value.
func (r *reader) value() (any, error) {
	token, err := r.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	if r.decoder.StackDepth() > maxDepth {
		return nil, errDepth
	}
	switch token.Kind() {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		return r.string(token)
	case '0':
		return r.number(token.String())
	case 't', 'f':
		r.canonical = strconv.AppendBool(r.canonical, token.Bool())
		return token.Bool(), nil
	default:
		r.canonical, r.nulls = append(r.canonical, "null"...), true
		return nil, nil
	}
}

func (r *reader) string(token jsontext.Token) (text string, err error) {
	text = token.String()
	if strings.IndexByte(text, 0) >= 0 {
		return "", errNUL
	}
	r.canonical, err = jsontext.AppendQuote(r.canonical, text)
	return text, err
}

func (r *reader) object() (any, error) {
	object, outer := map[string]any{}, len(r.members)
	r.canonical = append(r.canonical, '{')
	first := len(r.canonical)
	for r.decoder.PeekKind() != '}' {
		from := len(r.canonical)
		name, err := r.decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		key, err := r.string(name)
		if err != nil {
			return nil, err
		}
		r.canonical = append(r.canonical, ':')
		if object[key], err = r.value(); err != nil {
			return nil, err
		}
		r.canonical = append(r.canonical, ',')
		r.members = append(r.members, span{from, len(r.canonical)})
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, err
	}
	r.sort(first, r.members[outer:])
	r.members = r.members[:outer]
	r.end(len(object), '}')
	return object, nil
}

// sort puts the members, which are the end of the canonical text from first on,
// into the order of what they say.
func (r *reader) sort(first int, members []span) {
	order := func(a, b span) int {
		return bytes.Compare(r.canonical[a.from:a.to-1], r.canonical[b.from:b.to-1])
	}
	if slices.IsSortedFunc(members, order) {
		return
	}
	slices.SortFunc(members, order)
	r.sorted = r.sorted[:0]
	for _, m := range members {
		r.sorted = append(r.sorted, r.canonical[m.from:m.to]...)
	}
	copy(r.canonical[first:], r.sorted)
}

func (r *reader) array() (any, error) {
	array := []any{}
	r.canonical = append(r.canonical, '[')
	for r.decoder.PeekKind() != ']' {
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		array, r.canonical = append(array, value), append(r.canonical, ',')
	}
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, err
	}
	r.end(len(array), ']')
	return array, nil
}

// end closes what has n parts, each with a comma after it.
func (r *reader) end(n int, with byte) {
	if n > 0 {
		r.canonical = r.canonical[:len(r.canonical)-1]
	}
	r.canonical = append(r.canonical, with)
}

// number gives the float that a schema looks at, and writes the exact value in
// one spelling: 1, 1.0 and 1e0 are the same.
func (r *reader) number(literal string) (any, error) {
	if len(literal) > maxNumber {
		return nil, errNumber
	}
	approximate, err := strconv.ParseFloat(literal, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, err
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		r.canonical = append(r.canonical, '0')
		return 0.0, nil
	}
	short := strings.TrimRight(digits, "0")
	if negative {
		r.canonical = append(r.canonical, '-')
	}
	r.canonical = append(append(r.canonical, short...), 'e')
	shift := int64(len(digits) - len(short) - len(fraction))
	if exponent == "" {
		r.canonical = strconv.AppendInt(r.canonical, shift, 10)
		return approximate, nil
	}
	power, _ := new(big.Int).SetString("0"+strings.TrimLeft(exponent, "+-"), 10)
	if strings.HasPrefix(exponent, "-") {
		power.Neg(power)
	}
	r.canonical = power.Add(power, big.NewInt(shift)).Append(r.canonical, 10)
	return approximate, nil
}

// malformed says why a text is not the JSON we take, without repeating it.
func malformed(err error) *fault.Error {
	location := "body"
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		location = locate("body", syntax.JSONPointer)
	}
	code, message := "malformed_json", "This is not valid JSON."
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		code, message = "duplicate_field", "This name occurs twice in its object."
	case errors.Is(err, errTrailing):
		code, message = "trailing_data", "Something follows the JSON text."
	case errors.Is(err, errNumber):
		code, message = "number_too_long", "A number may have at most 100 characters."
	case errors.Is(err, errNUL):
		code, message = "malformed_text", "A text holds the character U+0000, which cannot be stored."
	case errors.Is(err, errDepth):
		code, message = "nested_too_deep", "A body may nest at most 32 deep."
	case syntax != nil && strings.Contains(syntax.Error(), "UTF-8"):
		code, message = "invalid_utf8", "The body is not valid UTF-8."
	}
	e := fault.New(fault.Malformed, code, "The body cannot be read: %s", message).Because(err)
	e.Fields = []fault.Field{{Location: location, Code: code, Message: message}}
	return e
}

// decode fills v from a JSON text with every strictness there is. What v's own
// types refuse is Invalid, at its place.
func decode(text []byte, v any) error {
	err := json.Unmarshal(text, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return malformed(err)
	}
	location := locate("body", semantic.JSONPointer)
	var f *fault.Error
	switch {
	case errors.As(semantic.Err, &f):
		return under(location, f)
	case errors.Is(semantic.Err, json.ErrUnknownName):
		return fault.BadField(location, "unknown_field", "There is no such field.")
	default:
		return fault.BadField(location, "wrong_type", "This is not the kind of value that belongs here.").Because(err)
	}
}

// under moves a fault that names no place, or a place below, to where it is.
func under(location string, f *fault.Error) *fault.Error {
	if len(f.Fields) > 0 {
		return f
	}
	return fault.BadField(location, f.Code, "%s", f.Text)
}

// locate writes a JSON pointer the way errors name places: body.rules[2].when.
func locate(root string, p jsontext.Pointer) string {
	var b strings.Builder
	b.WriteString(root)
	for token := range p.Tokens() {
		if _, err := strconv.ParseUint(token, 10, 32); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		b.WriteString("." + token)
	}
	return b.String()
}
