package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Problem is a refusal: the API's RFC 9457 document.
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail"`
	Code      string  `json:"code"`
	RequestID string  `json:"request_id"`
	Errors    []Field `json:"errors"`
}

// Field is one bad part of a request.
type Field struct {
	Location string `json:"location"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// Error is for people: what is wrong, and with which parts.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Detail)
	if len(p.Errors) == 1 && strings.HasSuffix(p.Detail, p.Errors[0].Message) {
		return b.String()
	}
	for _, f := range p.Errors {
		fmt.Fprintf(&b, "\n  %s: %s", strings.TrimPrefix(f.Location, "body."), f.Message)
	}
	return b.String()
}

// readProblem makes an error of any answer that is not a success. What is not
// ours, such as a proxy's page, is named by its status alone.
func readProblem(a Answer) error {
	p := &Problem{}
	if err := json.Unmarshal(a.Body, p); err != nil || p.Code == "" {
		return &Problem{Status: a.Status, Code: "unexpected_answer",
			Detail: fmt.Sprintf("The server answered %d %s, and not as Purser does: is the address right?", a.Status, http.StatusText(a.Status))}
	}
	return p
}
