package main

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// newLogger writes structured lines in which no secret can be read.
func newLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: hide}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

const hidden = "[redacted]"

// secretNames are attributes that are secret whatever they hold, in lower case.
var secretNames = map[string]bool{
	"authorization": true, "proxy-authorization": true, "x-api-key": true, "cookie": true, "set-cookie": true,
	"token": true, "password": true, "secret": true, "key": true, "api_key": true, "magic_link": true,
	"pan": true, "cvv": true,
}

// hide is the last thing that happens to an attribute before it is written.
func hide(_ []string, a slog.Attr) slog.Attr {
	if secretNames[strings.ToLower(a.Key)] {
		return slog.String(a.Key, hidden)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, redact(a.Value.String()))
	case slog.KindAny:
		if _, source := a.Value.Any().(*slog.Source); source || a.Key == slog.LevelKey {
			return a
		}
		return slog.String(a.Key, redact(fmt.Sprint(a.Value.Any())))
	}
	return a
}

// secretPattern is how a kind of secret looks, wherever it stands. The groups of
// the expression are kept. It is only tried where one of the needles is: a line
// has a dozen texts, and nearly none of them holds anything.
type secretPattern struct {
	needles []string
	looks   *regexp.Regexp
}

var secretPatterns = []secretPattern{
	{[]string{"ag_"}, regexp.MustCompile(`\bag_(?:live|test)_[A-Za-z0-9_-]+`)},                       // API keys
	{[]string{"sk_", "rk_", "whsec_"}, regexp.MustCompile(`\b(?:sk|rk|whsec)_[A-Za-z0-9_+/=-]{8,}`)}, // Clerk's and Stripe's secrets, webhook secrets
	{[]string{"eyJ"}, regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)*`)},             // JOSE
	{[]string{" "}, regexp.MustCompile(`(?i)\b((?:bearer|basic) +)[A-Za-z0-9._~+/=-]+`)},             // Authorization
	{[]string{"="}, regexp.MustCompile(`(?i)\b((?:token|password|secret|key|code)=)[^&\s"'<>]+`)},    // queries, such as a magic link's
	{[]string{"://"}, regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+(@)`)},                              // addresses with a password
}

func redact(text string) string {
	for _, p := range secretPatterns {
		if slices.ContainsFunc(p.needles, func(n string) bool { return strings.Contains(text, n) }) {
			text = p.looks.ReplaceAllString(text, "${1}"+hidden+"${2}")
		}
	}
	return text
}
