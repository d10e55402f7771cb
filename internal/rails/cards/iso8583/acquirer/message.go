package main

import (
	"fmt"
	"maps"
	"strings"

	"github.com/bojanz/currency"
	"github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
	"github.com/moov-io/iso8583/specs"
)

// message is what this acquirer writes and reads of ISO 8583:1987.
type message struct {
	kind, trace, sent, acquirer string
	fields                      map[int]string
	original                    string
	// Of an answer.
	code, why, approval string
}

// spec adds to the library's the fields of the second bitmap that are used.
func spec() *iso8583.MessageSpec {
	fields := maps.Clone(specs.Spec87ASCII.Fields)
	for number, length := range map[int]int{70: 3, 90: 42, 95: 42} {
		fields[number] = field.NewString(&field.Spec{Length: length, Enc: encoding.ASCII, Pref: prefix.ASCII.Fixed})
	}
	return &iso8583.MessageSpec{Fields: fields}
}

// of fills the fields from a command.
func (m *message) of(c command) {
	m.fields = map[int]string{7: m.sent, 11: m.trace, 32: m.acquirer}
	if m.kind == "0800" {
		m.fields[70] = "301"
		return
	}
	process := "000000"
	if c.Do == "refund" {
		process = "200000"
	}
	number, _ := currency.GetNumericCode(strings.ToUpper(c.Currency)) // none of ours is a format error, which the issuer says
	maps.Copy(m.fields, map[int]string{2: c.PAN, 3: process, 4: fmt.Sprintf("%012d", c.Amount), 14: c.Expiry, 18: c.MCC,
		37: "5" + m.sent[4:] + m.trace[1:], 41: "TERM0001", 42: "MERCHANT0000001", 43: fmt.Sprintf("%-25.25s%-13.13s%2.2s", c.Merchant, "SOMEWHERE", c.Country), 49: number})
	if c.CVV != "" {
		m.fields[48] = fmt.Sprintf("92%02d%s", len(c.CVV), c.CVV)
	}
	if c.More {
		m.fields[24] = "201"
	}
	if c.Kept > 0 {
		m.fields[95] = fmt.Sprintf("%012d%030d", c.Kept, 0)
	}
	if m.kind == "0120" {
		m.fields[39] = "00"
	}
}

func zeros(s string) string { return strings.ReplaceAll(s, " ", "0") }

func (m message) pack() ([]byte, error) {
	out := iso8583.NewMessage(spec())
	out.MTI(m.kind)
	if m.original != "" {
		m.fields[90] = m.original
	}
	for number, value := range m.fields {
		if value == "" {
			continue
		}
		if err := out.Field(number, value); err != nil {
			return nil, err
		}
	}
	return out.Pack()
}

func unpack(raw []byte) (m message, err error) {
	in := iso8583.NewMessage(spec())
	if err := in.Unpack(raw); err != nil {
		return m, err
	}
	m.kind, err = in.GetMTI()
	for number, to := range map[int]*string{7: &m.sent, 11: &m.trace, 38: &m.approval, 39: &m.code, 44: &m.why} {
		if value, fieldErr := in.GetString(number); fieldErr == nil {
			*to = value
		}
	}
	return m, err
}
