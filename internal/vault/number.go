package vault

import (
	"crypto/hmac"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
)

// issuerRange begins every number that is made here. ISO/IEC 7812-1 gives
// numbers that begin with 9 to national bodies, the three digits of a country
// (ISO 3166-1) behind it, and 999 is among the codes that ISO 3166 assigns to no
// country ever (5.1.1, user-assigned: 900 to 999). So no card network issues
// such a number, and a real one is never taken for it.
const issuerRange = "9999"

const numberLength = 16

// NewNumber makes a card number at random: 16 digits that pass the Luhn check,
// of a range that no network issues.
func NewNumber() (string, error) {
	middle := numberLength - len(issuerRange) - 1
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(middle)), nil))
	if err != nil {
		return "", err
	}
	body := issuerRange + fmt.Sprintf("%0*d", middle, n)
	return body + string(checkDigit(body)), nil
}

// OurRange reports whether a number is of the range that NewNumber uses.
func OurRange(number string) bool { return strings.HasPrefix(number, issuerRange) && Valid(number) }

// Valid reports whether a number has a card's length and passes the Luhn check
// of ISO/IEC 7812-1, annex B.
func Valid(number string) bool {
	if len(number) < 12 || len(number) > 19 || strings.Trim(number, "0123456789") != "" {
		return false
	}
	last := len(number) - 1
	return number[last] == checkDigit(number[:last])
}

// checkDigit makes a number of digits pass the Luhn check.
func checkDigit(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 { // doubled: the digits beside the check digit, and every second
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// codeModulus makes codes of three digits.
const codeModulus = 1000

// Code is the verification code (CVV) that belongs to a number and its expiry.
// It is derived, as issuers do, and so never kept.
func (v *Vault) Code(number string, month, year int) string {
	sum := mac(v.codes, fmt.Sprintf("%s|%04d-%02d", number, year, month))
	return fmt.Sprintf("%03d", binary.BigEndian.Uint64(sum)%codeModulus)
}

// CodeFits reports whether a verification code is the number's, in a time that
// tells nothing of it.
func (v *Vault) CodeFits(code, number string, month, year int) bool {
	return hmac.Equal([]byte(code), []byte(v.Code(number, month, year)))
}
