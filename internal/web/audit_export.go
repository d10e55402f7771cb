package web

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
)

// exportLog streams everything that matches, as a file. What goes wrong before
// the first byte is a page; after it the connection is broken, so that half a
// file cannot be taken for a whole one.
func (v *visit) exportLog() error {
	format := audit.Format(cmp.Or(v.QueryParam("format"), string(audit.CSV)))
	if format.ContentType() == "" {
		return fault.New(fault.Invalid, "unknown_format", "An export is csv, ndjson or json.")
	}
	filter, err := v.auditFilter(v.auditFilters())
	if err != nil {
		return err
	}
	out := &download{v: v, contentType: format.ContentType(), name: v.exportName(format)}
	err = v.web.audit.Export(v.ctx(), v.tenant(), filter, out, format)
	if err != nil && out.begun {
		v.web.log.WarnContext(v.ctx(), "an export broke off", "request_id", v.requestID(), "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

func (v *visit) exportName(format audit.Format) string {
	return "audit-" + v.tenant().Mode() + "-" + time.Now().UTC().Format(time.DateOnly) + "." + strings.ToLower(string(format))
}

// slowReader is how long a browser may take for one piece.
const slowReader = time.Minute

// download is a file that is written piece by piece; its headers go with the
// first.
type download struct {
	v                 *visit
	contentType, name string
	begun             bool
}

func (d *download) begin() {
	if d.begun {
		return
	}
	d.begun = true
	d.v.asFile(d.name)
	d.v.Response().Header().Set("Content-Type", d.contentType)
	d.v.allow(slowReader)
	d.v.Response().WriteHeader(http.StatusOK)
}

// Write sends a piece.
func (d *download) Write(b []byte) (int, error) {
	d.begin()
	return d.v.Response().Write(b)
}

// Flush hands on what was written.
func (d *download) Flush() {
	d.begin()
	d.v.allow(slowReader)
	d.v.Response().Flush()
}
