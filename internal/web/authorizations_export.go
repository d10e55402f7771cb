package web

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/api"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/sheet"
	"github.com/getpurser/purser/internal/spend"
	"github.com/getpurser/purser/views"
)

// exportedAtOnce is how many authorizations are read and sent at a time.
const exportedAtOnce = 500

// exporter writes authorizations in one format.
type exporter interface {
	write(rows []views.AuthorizationRow) error
	// end finishes the document.
	end() error
}

// exportAuthorizations sends everything that matches, newest first, piece by
// piece. What goes wrong after the first piece breaks the connection, so that
// half an export is not taken for a whole one.
func (v *visit) exportAuthorizations() error {
	_, q, wrong, err := v.listFilter()
	if err != nil {
		return err
	}
	format := cmp.Or(v.QueryParam("format"), "csv")
	contentType, known := exportTypes[format]
	if wrong.Any() || !known {
		return fault.New(fault.Invalid, "unknown_export", "The export needs a format (csv, ndjson or json) and filters that the list takes.")
	}
	rows, more, err := v.exportPage(q, uuid.Nil)
	if err != nil {
		return err
	}
	h := v.Response().Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="authorizations-`+v.tenant().Mode()+`.`+format+`"`)
	v.Response().WriteHeader(http.StatusOK)
	if err := v.sendExport(newExporter(format, v.Response()), q, rows, more); err != nil {
		v.web.log.WarnContext(v.ctx(), "an export broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

var exportTypes = map[string]string{"csv": "text/csv; charset=utf-8; header=present", "ndjson": "application/x-ndjson", "json": "application/json"}

func (v *visit) exportPage(q spend.Search, before uuid.UUID) ([]views.AuthorizationRow, uuid.UUID, error) {
	found, err := v.web.spend.Search(v.ctx(), v.tenant(), q, before, exportedAtOnce)
	if err != nil {
		return nil, uuid.Nil, err
	}
	rows, err := v.rowsOf(found.Authorizations)
	return rows, found.More, err
}

func (v *visit) sendExport(out exporter, q spend.Search, rows []views.AuthorizationRow, more uuid.UUID) error {
	connection := http.NewResponseController(v.Response())
	for {
		// A connection that knows no deadlines keeps the server's own.
		_ = connection.SetWriteDeadline(time.Now().Add(slowReader))
		if err := out.write(rows); err != nil {
			return err
		}
		if more == uuid.Nil {
			return out.end()
		}
		v.Response().Flush()
		var err error
		if rows, more, err = v.exportPage(q, more); err != nil {
			return err
		}
	}
}

func newExporter(format string, w io.Writer) exporter {
	buffered := bufio.NewWriter(w)
	switch format {
	case "csv":
		return &csvExport{w: csv.NewWriter(buffered), buffered: buffered}
	case "json":
		return &jsonExport{w: buffered, between: ",\n", before: `{"data":[`, after: "],\"has_more\":false,\"next_cursor\":null}\n"}
	}
	return &jsonExport{w: buffered, between: "\n", after: "\n"}
}

// jsonExport writes authorizations as the API shows them, with something around
// and between.
type jsonExport struct {
	w                      *bufio.Writer
	before, between, after string
	begun                  bool
}

func (e *jsonExport) write(rows []views.AuthorizationRow) error {
	for _, r := range rows {
		text, err := json.Marshal(api.ShownAuthorization(r.Authorization))
		if err != nil {
			return err
		}
		between := e.between
		if !e.begun {
			between, e.begun = e.before, true
		}
		e.w.WriteString(between) // a bufio.Writer keeps its first error for Flush
		e.w.Write(text)
	}
	return e.w.Flush()
}

func (e *jsonExport) end() error {
	if !e.begun {
		e.w.WriteString(e.before)
	}
	if e.begun || e.before != "" {
		e.w.WriteString(e.after)
	}
	return e.w.Flush()
}

// csvExport writes a table that is safe to open in a spreadsheet.
type csvExport struct {
	w        *csv.Writer
	buffered *bufio.Writer
	begun    bool
}

var exportedColumns = []string{"id", "created_at", "agent", "agent_id", "status", "decision", "reason_code", "reason", "requested_amount",
	"amount", "refunded_amount", "currency", "merchant", "domain", "mcc", "country", "rail", "capture", "purpose", "reference",
	"void_reason", "requested_by", "decided_at", "closed_at", "expires_at"}

func (e *csvExport) write(rows []views.AuthorizationRow) error {
	if !e.begun {
		e.begun = true
		if err := e.w.Write(exportedColumns); err != nil {
			return err
		}
	}
	for _, r := range rows {
		cells := exportedCells(r)
		for i, c := range cells {
			cells[i] = sheet.Cell(c)
		}
		if err := e.w.Write(cells); err != nil {
			return err
		}
	}
	e.w.Flush()
	if err := e.w.Error(); err != nil {
		return err
	}
	return e.buffered.Flush()
}

func exportedCells(r views.AuthorizationRow) []string {
	a := r.Authorization
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	return []string{a.PublicID(), at(a.CreatedAt), r.Handle, r.AgentID(), string(a.Status), string(a.Decision), a.ReasonCode, a.Reason,
		a.Money(a.Requested).Decimal(), a.Money(a.Amount).Decimal(), a.Money(a.Refunded).Decimal(), string(a.Currency), a.Merchant.Name,
		a.Merchant.Domain, a.Merchant.MCC, a.Merchant.Country, a.Rail, string(a.Capture), a.Purpose, a.Reference, a.VoidReason,
		a.RequestedBy, at(a.DecidedAt), at(a.ClosedAt), at(a.ExpiresAt)}
}

func (e *csvExport) end() error { return nil }
