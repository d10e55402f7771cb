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
}

// parse reads one JSON text. Duplicate names, broken UTF-8, anything after the
// text, deep nesting and endless numbers are Malformed.
func parse(text []byte) (document, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	value, canonical, err := readValue(d)
	if err != nil {
		return document{}, malformed(err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return document{}, malformed(errTrailing)
	}
	return document{value: value, hash: sha256.Sum256(canonical)}, nil
}

var (
	errTrailing = errors.New("a second JSON text follows the first")
	errNumber   = errors.New("a number is too long")
	errDepth    = errors.New("nested too deep")
	errNUL      = errors.New("a text holds U+0000")
)

// readValue gives a value and its canonical text: names sorted, strings with
// the fewest escapes, numbers as digits and a power of ten.
func readValue(d *jsontext.Decoder) (any, []byte, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, nil, err
	}
	if d.StackDepth() > maxDepth {
		return nil, nil, errDepth
	}
	switch token.Kind() {
	case '{':
		return readObject(d)
	case '[':
		return readArray(d)
	case '"':
		text := token.String()
		if strings.ContainsRune(text, 0) {
			return nil, nil, errNUL
		}
		canonical, err := jsontext.AppendQuote(nil, text)
		return text, canonical, err
	case '0':
		return readNumber(token.String())
	case 't', 'f':
		return token.Bool(), strconv.AppendBool(nil, token.Bool()), nil
	default:
		return nil, []byte("null"), nil
	}
}

func readObject(d *jsontext.Decoder) (any, []byte, error) {
	object := map[string]any{}
	var members [][]byte
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, nil, err
		}
		key := name.String()
		if strings.ContainsRune(key, 0) {
			return nil, nil, errNUL
		}
		value, canonical, err := readValue(d)
		if err != nil {
			return nil, nil, err
		}
		object[key] = value
		member, err := jsontext.AppendQuote(nil, key)
		if err != nil {
			return nil, nil, err
		}
		members = append(members, append(append(member, ':'), canonical...))
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(members, bytes.Compare)
	return object, wrap('{', bytes.Join(members, []byte{','}), '}'), nil
}

func readArray(d *jsontext.Decoder) (any, []byte, error) {
	array := []any{}
	var items [][]byte
	for d.PeekKind() != ']' {
		value, canonical, err := readValue(d)
		if err != nil {
			return nil, nil, err
		}
		array, items = append(array, value), append(items, canonical)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, err
	}
	return array, wrap('[', bytes.Join(items, []byte{','}), ']'), nil
}

func wrap(open byte, inner []byte, end byte) []byte {
	out := make([]byte, 0, len(inner)+2)
	return append(append(append(out, open), inner...), end)
}

// readNumber gives the float that a schema looks at, and the exact value in
// one spelling: 1, 1.0 and 1e0 are the same.
func readNumber(literal string) (any, []byte, error) {
	if len(literal) > maxNumber {
		return nil, nil, errNumber
	}
	approximate, err := strconv.ParseFloat(literal, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, nil, err
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0.0, []byte("0"), nil
	}
	power, _ := new(big.Int).SetString("0"+strings.TrimLeft(exponent, "+-"), 10)
	if strings.HasPrefix(exponent, "-") {
		power.Neg(power)
	}
	short := strings.TrimRight(digits, "0")
	power.Add(power, big.NewInt(int64(len(digits)-len(short)-len(fraction))))
	canonical := append([]byte(short), 'e')
	if negative {
		canonical = append([]byte{'-'}, canonical...)
	}
	return approximate, power.Append(canonical, 10), nil
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
