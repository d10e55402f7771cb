package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// judge says what is wrong with an answer: a failure of ours, or something that
// the document does not describe. A request that was broken so far that it is
// no longer the operation's must get a problem all the same.
func judge(ctx context.Context, d *openapi3.T, c calling, r request, resp *http.Response, body []byte) []string {
	var out []string
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if resp.StatusCode >= 500 {
		out = append(out, "a failure of ours")
	}
	if resp.StatusCode >= 400 {
		out = append(out, badProblem(resp, body)...)
	}
	asked, ok := whichOperation(d, r)
	if !ok || asked.path != c.path && resp.StatusCode == http.StatusMethodNotAllowed {
		if resp.StatusCode < 300 || resp.StatusCode > 499 {
			out = append(out, "an address that is not in the document is answered")
		}
		return out
	}
	in := &openapi3filter.ResponseValidationInput{Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(body)),
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: resp.Request, Route: &routers.Route{Spec: d, Path: asked.path,
			PathItem: asked.item, Method: asked.method, Operation: asked.op}},
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.HasSuffix(kind, "json") || kind == ndjson}}
	if err := openapi3filter.ValidateResponse(ctx, in); err != nil {
		out = append(out, "not as described: "+shorter(err))
	} else if described := asked.op.Responses.Status(resp.StatusCode).Value.Content; described.Get(kind) == nil {
		out = append(out, fmt.Sprintf("the document does not say %q", kind))
	}
	return out
}

// shorter takes the values out of a finding, so that equal findings are one.
func shorter(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\nValue:")
	return regexp.MustCompile(`\s+`).ReplaceAllString(text, " ")
}

// whichOperation finds what a request asks for after all.
func whichOperation(d *openapi3.T, r request) (calling, bool) {
	address, _, _ := strings.Cut(r.address, "?")
	var found calling
	for path, item := range d.Paths.Map() {
		op := item.GetOperation(strings.ToUpper(r.method))
		if op != nil && fits(path, address) && (found.op == nil || !strings.Contains(path, "{")) {
			found = calling{r.method, path, op, item}
		}
	}
	return found, found.op != nil
}

// badProblem says what an error lacks.
func badProblem(resp *http.Response, body []byte) []string {
	var p Problem
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil || resp.Header.Get("Content-Type") != problemType {
		return []string{"an error that is no problem+json: " + resp.Header.Get("Content-Type")}
	}
	var out []string
	if p.Status != resp.StatusCode || p.Code == "" || p.Detail == "" || p.Title == "" || !strings.HasSuffix(p.Type, "/problems/"+p.Code) {
		out = append(out, "half a problem")
	}
	if p.RequestID == "" || p.RequestID != resp.Header.Get("X-Request-Id") {
		out = append(out, "a problem of another request")
	}
	if (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests) && resp.Header.Get("Retry-After") == "" {
		out = append(out, "no Retry-After")
	}
	return out
}

// memory is what answers have shown: names by their kind.
type memory struct {
	of     map[string][]string
	spared []string
	// requests are those with an Idempotency-Key, by operation.
	requests map[string][]request
}

// most bounds how many names of a kind are kept; the oldest go.
const most = 200

func (m *memory) add(kind, name string) {
	if m.of == nil {
		m.of = map[string][]string{}
	}
	if name == "" || slices.Contains(m.of[kind], name) || slices.Contains(m.spared, name) {
		return
	}
	m.of[kind] = append(m.of[kind], name)
	m.of[kind] = m.of[kind][max(0, len(m.of[kind])-most):]
}

// keep remembers a request, to send it again.
func (m *memory) keep(operation string, r request) {
	if m.requests == nil {
		m.requests = map[string][]request{}
	}
	all := append(m.requests[operation], r)
	m.requests[operation] = all[max(0, len(all)-10):]
}

// reset keeps what another company is now to be asked for in vain.
func (m *memory) reset() {
	old := m.of
	m.of, m.requests, m.spared = map[string][]string{}, map[string][]request{}, nil
	for kind, names := range old {
		if !strings.Contains(kind, " ") {
			m.of["foreign "+kind] = names[max(0, len(names)-10):]
		}
	}
}

// spare keeps a name from being used, as too much hangs on it.
func (m *maker) spare(name string) { m.seen.spared = append(m.seen.spared, name) }

var idPattern = regexp.MustCompile(`"((agent|pol|auth|appr|key|evt|mem|co|whk|whd|acct|txn|card)_(?:[a-z]{3}_)?[0-9a-z]{26})"`)
var fieldPattern = regexp.MustCompile(`"(token|digest|key|next_cursor)":"([^"]+)"`)

// learn remembers the names in an answer, and its next page.
func (e *explorer) learn(c calling, r request, resp *http.Response, body []byte) {
	if resp.StatusCode >= 300 {
		return
	}
	for _, found := range idPattern.FindAllSubmatch(body, 20) {
		e.seen.add(string(found[2]), string(found[1]))
	}
	for _, found := range fieldPattern.FindAllSubmatch(body, 20) {
		name, value := string(found[1]), string(found[2])
		switch {
		case name == "next_cursor":
			e.seen.add("cursor", value)
			if !strings.Contains(r.address, "cursor=") {
				join := "?"
				if strings.Contains(r.address, "?") {
					join = "&"
				}
				e.seen.add("next "+c.op.OperationID, r.address+join+"cursor="+value)
			}
		case name == "token" && c.op.OperationID == "verifyMagicLink":
			e.seen.add("session", value)
		case name == "key":
			e.seen.add("secret", value)
		default:
			e.seen.add(name, value)
		}
	}
}
