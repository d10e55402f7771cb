package company

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getpurser/purser/internal/fault"
)

// Lengths in characters.
const (
	maxName        = 200
	maxDescription = 1000
	maxAudience    = 200
)

// Text checks one line that a person typed: trimmed of space, valid UTF-8,
// without control characters and without the marks that turn the direction of
// writing, by which one name can be made to look like another. Its length is
// between least and most characters. The fault is Invalid at the field:
// required, too_long or malformed_text.
func Text(field, value string, least, most int) (string, error) {
	return text(field, value, least, most, "")
}

// Prose is Text that may also hold line breaks and tabs.
func Prose(field, value string, least, most int) (string, error) {
	return text(field, strings.ReplaceAll(value, "\r\n", "\n"), least, most, "\n\t")
}

func text(field, value string, least, most int, allowed string) (string, error) {
	if !utf8.ValidString(value) {
		return "", fault.BadField(field, "malformed_text", "This is not valid UTF-8.")
	}
	value = strings.TrimSpace(value)
	for _, r := range value {
		if (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) && !strings.ContainsRune(allowed, r) {
			return "", fault.BadField(field, "malformed_text", "Control characters are not allowed here.")
		}
	}
	switch n := utf8.RuneCountInString(value); {
	case n < least && n == 0:
		return "", fault.BadField(field, "required", "This may not be empty.")
	case n < least:
		return "", fault.BadField(field, "too_short", "At least %d characters are needed.", least)
	case n > most:
		return "", fault.BadField(field, "too_long", "At most %d characters are allowed.", most)
	}
	return value, nil
}

// Email reads a mail address without a display name, and folds its case. Only
// ASCII is taken, so that no two spellings look the same. The fault is Invalid
// at "email": email_malformed.
func Email(value string) (string, error) {
	value = strings.ToLower(strings.TrimSpace(value))
	parsed, err := mail.ParseAddress(value)
	if err != nil || parsed.Address != value || len(value) > 254 || !plainASCII(value) || strings.ContainsAny(value, `"<>()[],;:\`) {
		return "", fault.BadField("email", "email_malformed", "This is not a mail address, such as ada@example.com.")
	}
	return value, nil
}

// plainASCII reports whether s has only visible ASCII characters.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
