package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/money"
)

// object is a JSON object that is being read strictly: each member once, in its
// right case, and none that nobody asks for.
type object struct {
	at      string
	members map[string]json.RawMessage
	faults  *[]fault.Field
}

// openObject reads the members of raw. Every fault goes to faults.
func openObject(raw []byte, at string, faults *[]fault.Field) (*object, bool) {
	o := &object{at: at, members: map[string]json.RawMessage{}, faults: faults}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		o.bad("", "not_an_object", "A JSON object is expected here.")
		return nil, false
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			o.bad("", "not_json", "This is not valid JSON.")
			return nil, false
		}
		key := name.(string)
		if _, twice := o.members[key]; twice {
			o.bad(key, "duplicate_field", "This field is given twice.")
		}
		o.members[key] = value
	}
	return o, true
}

func (o *object) bad(name, code, format string, args ...any) {
	*o.faults = append(*o.faults, fault.Field{Location: path(o.at, name), Code: code, Message: fmt.Sprintf(format, args...)})
}

func path(at, name string) string {
	if at == "" || name == "" {
		return at + name
	}
	return at + "." + name
}

// take removes a member. An absent or null one is reported when required.
func (o *object) take(name string, required bool) (json.RawMessage, bool) {
	raw, ok := o.members[name]
	delete(o.members, name)
	if !ok || string(raw) == "null" {
		if required {
			o.bad(name, "required", "This field is required.")
		}
		return nil, false
	}
	return raw, true
}

// finish reports what nobody took.
func (o *object) finish() {
	for name := range o.members {
		o.bad(name, "unknown_field", "There is no such field here.")
	}
}

func (o *object) text(name string, required bool) string {
	raw, ok := o.take(name, required)
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		o.bad(name, "not_a_string", "A string is expected here.")
		return ""
	}
	if s == "" && required {
		o.bad(name, "required", "This field must not be empty.")
	}
	return s
}

// choice reads one of a few words; absent gives the first, unless required.
func (o *object) choice(name string, required bool, words ...string) string {
	before := len(*o.faults)
	s := o.text(name, required)
	if s == "" && len(*o.faults) == before {
		return words[0]
	}
	for _, w := range words {
		if s == w {
			return s
		}
	}
	if len(*o.faults) == before {
		o.bad(name, "unknown_value", "One of %s is expected here.", strings.Join(words, ", "))
	}
	return s
}

func (o *object) integer(name string, required bool, low, high, absent int) int {
	raw, ok := o.take(name, required)
	if !ok {
		return absent
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		o.bad(name, "not_an_integer", "A whole number is expected here.")
		return absent
	}
	if n < low || n > high {
		o.bad(name, "out_of_range", "From %d to %d is allowed.", low, high)
		return absent
	}
	return n
}

func (o *object) texts(name string, required bool, most, longest int) []string {
	raw, ok := o.take(name, required)
	if !ok {
		return nil
	}
	var list []*string
	if json.Unmarshal(raw, &list) != nil {
		o.bad(name, "not_a_list", "A list of strings is expected here.")
		return nil
	}
	if len(list) > most || required && len(list) == 0 {
		o.bad(name, "out_of_range", "From 1 to %d entries are allowed.", most)
		return nil
	}
	values := make([]string, 0, len(list))
	for i, s := range list {
		switch {
		case s == nil || strings.TrimSpace(*s) == "":
			o.bad(item(name, i), "required", "An entry must not be empty.")
		case len(*s) > longest:
			o.bad(item(name, i), "too_long", "An entry may have at most %d bytes.", longest)
		default:
			values = append(values, *s)
		}
	}
	return values
}

func item(name string, i int) string { return name + "[" + strconv.Itoa(i) + "]" }

// money reads amount and currency. A bound may be zero.
func (o *object) money() money.Amount {
	text := o.text("currency", true)
	raw, ok := o.take("amount", true)
	if text == "" {
		return money.Amount{}
	}
	c, err := money.ParseCurrency(text)
	if err != nil {
		o.moved("currency", err)
	}
	if err != nil || !ok {
		return money.Amount{}
	}
	var n money.Number
	if err := n.UnmarshalJSON(raw); err != nil {
		o.moved("amount", err)
	}
	a, err := money.ParseOrZero(string(n), c)
	if err != nil {
		o.moved("amount", err)
	}
	return a
}

// moved reports another package's fault at a member of this object.
func (o *object) moved(name string, err error) {
	f := fault.From(err)
	if len(f.Fields) == 0 {
		o.bad(name, f.Code, "%s", f.Text)
		return
	}
	for _, field := range f.Fields {
		o.bad(name, field.Code, "%s", field.Message)
	}
}
