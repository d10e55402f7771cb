package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/fault"
)

// FuzzCursor holds that nothing opens but what was closed, for its own list.
func FuzzCursor(f *testing.F) {
	s := newSeal([]byte("k"))
	one := &call{operation: "list", path: "/v1/x", query: "status=a"}
	good := s.close(one, []byte("position"))
	for _, text := range []string{good, good + "=", good[1:], strings.ToLower(good), "", "AAAA", good + "\n", base64.StdEncoding.EncodeToString([]byte(good))} {
		f.Add(text, "status=a")
	}
	f.Add(good, "status=b")
	f.Fuzz(func(t *testing.T, cursor, query string) {
		_, err := s.open(&call{operation: "list", path: "/v1/x", query: query}, cursor)
		if err == nil && (cursor != good || query != one.query) {
			t.Fatalf("%q opens for %q", cursor, query)
		}
		if err != nil && !fault.Is(err, "invalid_cursor") {
			t.Fatal(err)
		}
	})
}

// FuzzIfMatch holds that a version is named by its one tag.
func FuzzIfMatch(f *testing.F) {
	for _, s := range []string{"*", `"v3"`, `W/"v3"`, `"v3", "v4"`, `"v3",`, `"v03"`, `"v-3"`, `"v+3"`, `"v99999999999999999999"`, `"a,b"`, "\"v3\x00\"", `"v３"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		versions, err := ifMatch(header)
		if err != nil {
			return
		}
		if versions == nil && strings.Trim(header, " \t\r\n*\v\f\u0085\u00a0") != "" && strings.TrimSpace(header) != "" {
			t.Fatalf("%q matches everything", header)
		}
		for _, v := range versions {
			if !strings.Contains(header, etag(v)) {
				t.Fatalf("%q names version %d", header, v)
			}
		}
		matches(header, etag(1))
	})
}

// FuzzNames holds that what comes in a header or in a query and is repeated, in
// a log, a header or an answer, cannot break out of there.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"a", "a b", "\x00", "ü", "\u202e", strings.Repeat("x", 300), "\xff", "a\r\nb", "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if validKey(s) && (len(s) == 0 || len(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })) {
			t.Fatalf("%q is an Idempotency-Key", s)
		}
		if id := requestID(s); id == "" || len(id) > 128 || strings.Trim(strings.ToLower(id), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("%q is the request's id", id)
		}
		if p := printable(s); strings.ContainsAny(p, "\x00\r\n\x1b\x7f") || len(p) > 64+len("…") {
			t.Fatalf("%q is printed as %q", s, p)
		}
	})
}

// FuzzQuery holds that a query which passes has each known parameter once, as
// text that can be stored.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{"limit=1", "limit=1&limit=2", "limit=", "Limit=1", "limit=%00", "limit=%ff", "cursor=a%20b", "x=1", "limit=1;cursor=2", "%6cimit=1", "limit[]=1"} {
		f.Add(s)
	}
	op := &huma.Operation{Parameters: []*huma.Param{{Name: "limit", In: "query"}, {Name: "cursor", In: "query"}, {Name: "X-Mode", In: "header"}}}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil || checkQuery(op, q) != nil {
			return
		}
		for name, values := range q {
			if name != "limit" && name != "cursor" || len(values) != 1 || values[0] == "" || !utf8.ValidString(values[0]) || strings.Contains(values[0], "\x00") {
				t.Fatalf("%q passes", raw)
			}
		}
	})
}

// FuzzBodies holds that a body that is taken is what encoding/json reads too,
// with every name once, and that a refusal repeats nothing and is our own.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{`{"agent":"a","amount":1.50,"currency":"usd","merchant":{"name":"AWS"}}`, `{"amount":"1","Amount":2}`, `{"amount":1e400,"merchant":null}`, `{"metadata":{"a":"b","a":"c"}}`,
		`{"name":"P","rules":[{"type":"limit","amount":1,"currency":"usd","period":"day"}]}`, `{"from":"2026-01-01T00:00:00Z"}`, `{"scopes":["read",null]}`, `{"name":"\ud800"}`, "\ufeff{}", `{"expires_in":1.0}`} {
		f.Add([]byte(s))
	}
	types := []reflect.Type{reflect.TypeFor[SpendRequest](), reflect.TypeFor[PolicyContent](), reflect.TypeFor[NewKey](), reflect.TypeFor[NewAgent](), reflect.TypeFor[Trial](), reflect.TypeFor[Settings](), reflect.TypeFor[Yes]()}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := parse(text); err != nil {
			if fault.From(err).Kind != fault.Malformed {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for _, kind := range types {
			v := reflect.New(kind)
			err := decode(text, v.Interface())
			if err != nil {
				if k := fault.From(err).Kind; k != fault.Invalid && k != fault.Malformed {
					t.Fatalf("%q as %v: %v", text, kind, err)
				}
				continue
			}
			if !json.Valid(text) || bytes.Contains(text, []byte{0}) || !utf8.Valid(text) {
				t.Fatalf("%q is taken as %v", text, kind)
			}
			if body, ok := v.Interface().(*SpendRequest); ok {
				if _, err := body.check(); err != nil && fault.From(err).Kind != fault.Invalid {
					t.Fatalf("%q: %v", text, err)
				}
			}
		}
	})
}

// FuzzEntityTags holds that a list of tags matches only what it names.
func FuzzEntityTags(f *testing.F) {
	f.Add(`"a", W/"b"`, `"b"`)
	f.Add("*", `"b"`)
	f.Fuzz(func(t *testing.T, header, tag string) {
		if matches(header, tag) && !strings.Contains(header, tag) && !strings.Contains(header, "*") {
			t.Fatalf("%q matches %q", header, tag)
		}
	})
}
