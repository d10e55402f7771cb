package iso8583

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	iso "github.com/moov-io/iso8583"

	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
)

// message is a message that could be read. What its fields mean is only known
// once check has been asked.
type message struct {
	mti string
	raw *iso.Message

	// What follows is check's.

	// id names the message among all of its acquirer.
	id       string
	pan      string
	credit   bool // the processing code's: money goes to the cardholder
	amount   money.Amount
	merchant policy.Merchant
	cvv      string
	// expMonth and expYear are zero where the message does not say.
	expMonth, expYear int
	// original is the id of the message that this one is about; empty where it
	// names none.
	original string
	// kept is what a partial reversal leaves, in minor units.
	kept int64
}

var errMalformed = errors.New("iso8583: malformed")

// parse reads a message's fields. The error says nothing of what was in them:
// the library's own may quote a card's number.
func (h *Host) parse(raw []byte) (m *message, err error) {
	defer func() {
		if recover() != nil { // of the library, which reads what a stranger wrote
			m, err = nil, errMalformed
		}
	}()
	read := iso.NewMessage(h.dialect)
	if read.Unpack(raw) != nil {
		return nil, errMalformed
	}
	again, err := read.Pack()
	if err != nil || len(again) != len(raw) { // something follows the last field
		return nil, errMalformed
	}
	mti, err := read.GetMTI()
	if err != nil || !digits(mti, 4) || mti[0] != '0' {
		return nil, errMalformed
	}
	return &message{mti: mti, raw: read}, nil
}

// field is a field's text, without the spaces and the zeros that fill it.
func (m *message) field(number int) string {
	s, err := m.raw.GetString(number)
	if err != nil {
		return ""
	}
	return s
}

// check reads what every message about money must say. The error is for the
// log, and names the field and not what is in it.
func (m *message) check(currencies map[string]money.Currency) error {
	if err := m.identify(); err != nil {
		return err
	}
	m.pan = m.field(fieldPAN)
	if len(m.pan) < 12 || !digits(m.pan, len(m.pan)) {
		return wrong(fieldPAN)
	}
	process := m.field(fieldProcess)
	if len(process) > 6 || !digits(process, len(process)) {
		return wrong(fieldProcess)
	}
	switch pad(process, 6)[:2] {
	case "00":
	case "20":
		m.credit = true
	default:
		return wrong(fieldProcess)
	}
	minor, err := minorUnits(m.field(fieldAmount))
	known, ok := currencies[m.field(fieldCurrency)]
	if err != nil || !ok {
		return errors.Join(err, wrong(fieldCurrency))
	}
	m.amount = money.Of(minor, known)
	return errors.Join(m.readMerchant(), m.readCard(), m.readOriginal())
}

// identify names the message: an acquirer gives no two messages of a kind the
// same time and trace number.
func (m *message) identify() error {
	sent, trace, acquirer := m.field(fieldSent), m.field(fieldTrace), m.field(fieldAcquirer)
	switch {
	case !digits(sent, 10):
		return wrong(fieldSent)
	case !digits(trace, 6):
		return wrong(fieldTrace)
	case !digits(acquirer, len(acquirer)) || acquirer == "":
		return wrong(fieldAcquirer)
	}
	m.id = networkID(m.mti, acquirer, sent, trace)
	return nil
}

// networkID is the same for a message and its repeats.
func networkID(mti, acquirer, sent, trace string) string {
	return fmt.Sprintf("iso:%s:%s:%s:%s", mti[1:3], strings.TrimLeft(acquirer, "0"), sent, trace)
}

// readMerchant reads who sells, and where: 25 characters of name, 13 of town,
// two of country.
func (m *message) readMerchant() error {
	m.merchant.MCC = m.field(fieldMCC)
	if m.merchant.MCC != "" && !digits(m.merchant.MCC, 4) {
		return wrong(fieldMCC)
	}
	place := m.field(fieldPlace)
	if strings.ContainsFunc(place, func(r rune) bool { return r < ' ' || r > '~' }) {
		return wrong(fieldPlace)
	}
	if len(place) == 40 {
		m.merchant.Country = strings.ToUpper(strings.TrimSpace(place[38:]))
		place = place[:25]
	}
	m.merchant.Name = strings.TrimSpace(place)
	if m.merchant.Name == "" {
		return wrong(fieldPlace)
	}
	return nil
}

// readCard reads the expiry (year, month) and the CVV.
func (m *message) readCard() error {
	if expiry := m.field(fieldExpiry); expiry != "" {
		month, err := strconv.Atoi(expiry[max(len(expiry)-2, 0):])
		if !digits(expiry, 4) || err != nil || month < 1 || month > 12 {
			return wrong(fieldExpiry)
		}
		year, _ := strconv.Atoi(expiry[:2]) // two digits
		m.expYear, m.expMonth = 2000+year, month
	}
	var err error
	m.cvv, err = subelement(m.field(fieldPrivate), "92")
	return err
}

// subelement finds one element of field 48: two digits that name it, two of
// length, the value.
func subelement(text, tag string) (string, error) {
	for text != "" {
		if len(text) < 4 || !digits(text[:4], 4) {
			return "", wrong(fieldPrivate)
		}
		length := int(text[2]-'0')*10 + int(text[3]-'0')
		if len(text) < 4+length {
			return "", wrong(fieldPrivate)
		}
		if text[:2] == tag {
			return text[4 : 4+length], nil
		}
		text = text[4+length:]
	}
	return "", nil
}

// readOriginal reads which message this one is about (type, trace number, time,
// acquirer, forwarder), and what a partial reversal leaves of it.
func (m *message) readOriginal() (err error) {
	if original := m.field(fieldOriginal); original != "" {
		if !digits(original, 42) || original[0] != '0' {
			return wrong(fieldOriginal)
		}
		m.original = networkID(original[:4], original[20:31], original[10:20], original[4:10])
	}
	if replacement := m.field(fieldReplacement); replacement != "" {
		if len(replacement) != 42 {
			return wrong(fieldReplacement)
		}
		m.kept, err = minorUnits(replacement[:12])
	}
	return err
}

func minorUnits(text string) (int64, error) {
	if len(text) > 12 || !digits(text, len(text)) {
		return 0, wrong(fieldAmount)
	}
	n, err := strconv.ParseInt(pad(text, 12), 10, 64)
	if err != nil {
		return 0, wrong(fieldAmount)
	}
	return n, nil
}

func digits(s string, length int) bool {
	if len(s) != length {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func pad(s string, length int) string { return strings.Repeat("0", max(length-len(s), 0)) + s }

func wrong(number int) error { return fmt.Errorf("iso8583: field %d is missing or malformed", number) }
