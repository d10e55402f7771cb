package iso8583

import (
	"maps"
	"strings"

	"github.com/bojanz/currency"
	iso "github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	"github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"
	"github.com/moov-io/iso8583/specs"

	"github.com/getpurser/purser/internal/money"
)

// The fields that are read or answered, by their numbers in ISO 8583:1987.
const (
	fieldPAN         = 2
	fieldProcess     = 3
	fieldAmount      = 4
	fieldSent        = 7
	fieldTrace       = 11
	fieldLocalTime   = 12
	fieldLocalDate   = 13
	fieldExpiry      = 14
	fieldMCC         = 18
	fieldFunction    = 24
	fieldAcquirer    = 32
	fieldReference   = 37
	fieldApproval    = 38
	fieldCode        = 39
	fieldTerminal    = 41
	fieldMerchant    = 42
	fieldPlace       = 43
	fieldAdditional  = 44
	fieldPrivate     = 48
	fieldCurrency    = 49
	fieldNetwork     = 70
	fieldOriginal    = 90
	fieldReplacement = 95
)

// echoed are the fields that an answer repeats, so that the peer can match it.
// The card's number is not among them.
func echoed() []int {
	return []int{fieldProcess, fieldAmount, fieldSent, fieldTrace, fieldLocalTime, fieldLocalDate, fieldAcquirer, fieldReference,
		fieldTerminal, fieldMerchant, fieldCurrency, fieldNetwork}
}

// dialect is the library's ISO 8583:1987 in ASCII with the three fields of the
// second bitmap that it leaves out and that reversals and echoes need.
func dialect() *iso.MessageSpec {
	fixed := func(length int, description string) field.Field {
		return field.NewString(&field.Spec{Length: length, Description: description, Enc: encoding.ASCII, Pref: prefix.ASCII.Fixed})
	}
	fields := maps.Clone(specs.Spec87ASCII.Fields)
	fields[fieldNetwork] = fixed(3, "Network Management Information Code")
	fields[fieldOriginal] = fixed(42, "Original Data Elements")
	fields[fieldReplacement] = fixed(42, "Replacement Amounts")
	return &iso.MessageSpec{Name: "ISO 8583 v1987 ASCII", Fields: fields}
}

// numericCurrencies are the currencies by their three digits.
func numericCurrencies() map[string]money.Currency {
	out := map[string]money.Currency{}
	for _, code := range currency.GetCurrencyCodes() {
		digits, known := currency.GetNumericCode(code)
		if c, err := money.ParseCurrency(strings.ToLower(code)); known && err == nil {
			out[digits] = c
		}
	}
	return out
}
