package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// spoil breaks a request in one place, sometimes in more.
func (m *maker) spoil(r *request) {
	for ok := true; ok; ok = m.often(25) {
		switch m.rng.IntN(8) {
		case 0, 1, 2:
			m.spoilValue(r)
		case 3:
			m.spoilText(r)
		case 4:
			m.spoilQuery(r)
		case 5:
			m.spoilPath(r)
		case 6:
			m.spoilHeader(r)
		case 7:
			r.body, r.header["Content-Type"] = pick(m, nastyBodies), "application/json"
		}
	}
}

// nastyValues are JSON that a value may be replaced by.
var nastyValues = []string{"null", "true", "[]", "{}", `""`, "0", "-0", "-1", "1.0", "1e400", "-1e400", "1e-400", "9223372036854775807", "9223372036854775808",
	"-9223372036854775809", "0.1e1", strings.Repeat("9", 99), strings.Repeat("9", 101), `"\u0000"`, `"\ud83d\ude00"`, `"\u202egnp.exe"`, `"a\u200bb"`, `"аpple"`,
	`"` + strings.Repeat("é", 300) + `"`, `"` + strings.Repeat("x", 9000) + `"`, `"0x10"`, `"NaN"`, `"Infinity"`, `"1_000"`, `"01"`, `" 1"`, `"+1"`, `"1e2"`, `"１"`,
	`"=cmd|' /C calc'!A0"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999999Z"`, `"0000-00-00T00:00:00Z"`, `"2026-02-30T00:00:00Z"`, `"2026-01-01T00:00:00+23:59"`,
	`"2026-01-01T00:00:60Z"`, `"294277-01-01T00:00:00Z"`, `"../../etc/passwd"`, `"'; DROP TABLE agents; --"`, `"%00"`, `"\t"`, `"\u2028"`, `[[[[[[]]]]]]`, `["",null,1,{}]`, `{"a":{"a":{"a":1}}}`}

// nastyBodies are whole bodies; those with names say one thing twice.
var nastyBodies = [][]byte{[]byte("{}"), []byte("null"), []byte("[]"), []byte(`"x"`), []byte("{"), []byte("{}{}"), []byte("{} x"), []byte("\xef\xbb\xbf{}"), []byte("\xff\xfe{\x00}\x00"),
	[]byte(`{"name":"a","name":"b"}`), []byte("{\"name\":\"\x00\"}"), []byte(`{"name":"\ud800"}`), []byte("{\"name\":\"\xc0\xaf\"}"), []byte("{\"name\":\"\xed\xa0\x80\"}"), []byte("{\"name\":\"a\nb\"}"),
	[]byte("{'name':'a'}"), []byte(`{"name":NaN}`), []byte(`{"amount":0x10}`), []byte(`{"amount":01}`), []byte(`{"amount":1.}`), []byte(`{"amount":.5}`), []byte(`{"amount":+1}`), []byte(`{"a":1,}`), []byte(`/**/{}`),
	[]byte(`{"__proto__":{}}`), bytes.Repeat([]byte("["), 100_000), append(bytes.Repeat([]byte(`{"a":`), 40), '1'), bytes.Repeat([]byte(" "), 70_000), bytes.Repeat([]byte("x"), 1<<20+1), []byte("a=1&b=2")}

// spoilValue changes one value somewhere in the body, takes it away, or adds
// one that nobody knows.
func (m *maker) spoilValue(r *request) {
	var v any
	d := json.NewDecoder(bytes.NewReader(r.body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return
	}
	places := []func(any){func(n any) { v = n }}
	holes := []func(){}
	walk(v, &places, &holes)
	if len(holes) > 0 && m.often(25) {
		pick(m, holes)()
	} else {
		pick(m, places)(json.RawMessage(pick(m, nastyValues)))
	}
	r.body = m.text(v)
}

// walk gathers ways to set and to change what is in a value.
func walk(v any, places *[]func(any), holes *[]func()) {
	switch v := v.(type) {
	case map[string]any:
		*holes = append(*holes, func() { v["surplus"] = 1 })
		for _, name := range slices.Sorted(maps.Keys(v)) {
			*places = append(*places, func(n any) { v[name] = n })
			*holes = append(*holes, func() { delete(v, name) }, func() { v[strings.ToUpper(name)] = v[name]; delete(v, name) })
			walk(v[name], places, holes)
		}
	case []any:
		for i := range v {
			*places = append(*places, func(n any) { v[i] = n })
			walk(v[i], places, holes)
		}
	}
}

// spoilText changes bytes of the body.
func (m *maker) spoilText(r *request) {
	if len(r.body) == 0 {
		return
	}
	b := bytes.Clone(r.body)
	at := m.rng.IntN(len(b))
	switch m.rng.IntN(4) {
	case 0:
		b[at] ^= 1 << m.rng.IntN(8)
	case 1:
		b = b[:at]
	case 2:
		b = slices.Insert(b, at, []byte(pick(m, nastyValues))...)
	case 3:
		b = append(b, b...)
	}
	r.body = b
}

var nastyNames = []string{"%00", "..", "%2e%2e", "%2e%2e%2fadmin", ".", "%2F", "a%2Fb", ";a=b", "a;b", "%ff", "%C0%AF", "'", "%20", "-", "AGENT_", "%F0%9F%98%80",
	"%E2%80%AE", "*", "%25", "%252e", "+", "@", "a%0d%0aX:y", "~", "%7B%7D", strings.Repeat("x", 300), strings.Repeat("%61", 64)}

func (m *maker) spoilPath(r *request) {
	path, query, asks := strings.Cut(r.address, "?")
	parts := strings.Split(path, "/")
	switch at := len(parts) - 1; {
	case m.often(15):
		path = strings.Replace(path, "/v1/", pick(m, []string{"//v1/", "/v1//", "/V1/", "/v1/./", "/v1/../v1/", "/v1;x/"}), 1)
	case at > 2 && m.often(40):
		parts[3] = pick(m, nastyNames)
		path = strings.Join(parts, "/")
	case m.often(30):
		path += pick(m, []string{"/", "/x", "%00", ";", "?", "//"})
	default: // another kind's name, or a name with one letter changed
		name := []byte(parts[at])
		if len(name) > 0 {
			name[m.rng.IntN(len(name))] = "0aZ_-~"[m.rng.IntN(6)]
		}
		parts[at] = string(name)
		path = strings.Join(parts, "/")
	}
	if asks {
		path += "?" + query
	}
	r.address = path
}

func (m *maker) spoilQuery(r *request) {
	path, raw, _ := strings.Cut(r.address, "?")
	query, err := url.ParseQuery(raw)
	if err != nil {
		return
	}
	nasty := append([]string{"%", "&", "null", "\x00", "\xff", "-1", "201", "1e3", "0x10", "", " ", "*", ".*", "true", "[]"}, strings.Trim(pick(m, nastyValues), `"`))
	names := []string{"limit", "cursor", "from", "to", "agent", "status", "currency", "wait", "format", "Limit", "x", "limit[]", "", strings.Repeat("n", 300)}
	name := pick(m, append(names, slices.Sorted(maps.Keys(query))...))
	switch m.rng.IntN(4) {
	case 0:
		query.Add(name, pick(m, nasty))
	case 1:
		if cursor := query.Get("cursor"); cursor != "" { // one letter of a cursor
			b := []byte(cursor)
			b[m.rng.IntN(len(b))] = 'A'
			query.Set("cursor", string(b))
			break
		}
		query.Set("cursor", pick(m, []string{"x", "AAAA", strings.Repeat("A", 1025), "!!!!", m.recall("cursor", "AAAA")}))
	case 2:
		r.address = path + "?" + pick(m, []string{"%zz", "a;b", "=", "&&", "limit=1;cursor=2", "limit=%", "?"})
		return
	default:
		query.Set(name, pick(m, nasty))
	}
	r.address = path + "?" + query.Encode()
}

func (m *maker) spoilHeader(r *request) {
	name := pick(m, []string{"Content-Type", "Content-Encoding", "Idempotency-Key", "If-Match", "X-Agent-Id", "X-Mode", "X-Company-Id", "X-Request-Id", "Accept",
		"Accept-Encoding", "X-API-Key", "Authorization", "X-Forwarded-For", "X-HTTP-Method-Override", "Range", "If-None-Match", "Expect", "Cookie", "Origin"})
	values := []string{"", "x", "ü", "\t", "a\tb", strings.Repeat("x", 300), "\xff\xfe", "0", "-1", "null", "*", ",", `"`, `""`, "Bearer", "Bearer a.b.c", "Basic YTpi", "ag_live_", "gzip", "text/json",
		"application/json; charset=utf-7", "application/json; charset=utf-8; a=b", "multipart/form-data", "application/x-www-form-urlencoded", "text/event-stream", "bytes=0-1", "DELETE", "1.2.3.4, 5.6.7.8"}
	if name == "Expect" {
		return // net/http answers it, before anything of ours
	}
	r.header[name] = pick(m, values)
}
