package web

import (
	"net/http"
	"time"
)

// longWork is how long an answer may take that grows with a company's history.
const longWork = 10 * time.Minute

// unhurried lets the answer take longer than the server gives others.
func (v *visit) unhurried() { v.allow(longWork) }

// allow gives the browser time for what is written next. A connection that
// knows no deadlines keeps the server's own.
func (v *visit) allow(d time.Duration) {
	connection := http.NewResponseController(v.Response())
	_ = connection.SetReadDeadline(time.Time{})
	_ = connection.SetWriteDeadline(time.Now().Add(d))
}
