package audit

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/sheet"
)

// Format is a format of an export.
type Format string

// The formats. NDJSON is the one from which the tree can be recomputed.
const (
	JSON   Format = "json"
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// ContentType is the media type of the format, or "" for one that is not known.
func (f Format) ContentType() string {
	switch f {
	case JSON:
		return "application/json"
	case CSV:
		return "text/csv; charset=utf-8; header=present"
	case NDJSON:
		return "application/x-ndjson"
	default:
		return ""
	}
}

// exportPage is how many events are read and flushed at a time.
const exportPage = 500

// Export writes everything that matches and was committed when it began,
// oldest first. It reads page by page and holds no connection while a slow
// reader reads. Each page is flushed when w has a Flush method. An error after
// the first page leaves an unfinished document: break the connection then.
func (l *Log) Export(ctx context.Context, t ident.Tenant, f Filter, w io.Writer, format Format) error {
	out := newEncoder(format, w)
	if out == nil {
		return fault.BadField("format", "unknown_format", "must be json, csv or ndjson.")
	}
	if err := l.sealForRead(ctx, t); err != nil {
		return err
	}
	s, err := l.scan(ctx, t, f)
	if err != nil {
		return err
	}
	for {
		page, err := s.oldest(exportPage)
		if err != nil {
			return err
		}
		last := len(page) < exportPage
		if !last {
			s.first = page[exportPage-1].Position + 1
		}
		if err := writePage(out, page, last, w); err != nil || last {
			return err
		}
	}
}

func writePage(out encoder, page []proof.Record, last bool, w io.Writer) error {
	for _, r := range page {
		if err := out.record(r); err != nil {
			return err
		}
	}
	if err := out.flush(last); err != nil {
		return err
	}
	if f, ok := w.(interface{ Flush() }); ok {
		f.Flush()
	}
	return nil
}

// encoder writes one format.
type encoder interface {
	record(proof.Record) error
	// flush hands on what is buffered, and finishes the document after the last.
	flush(last bool) error
}

func newEncoder(f Format, w io.Writer) encoder {
	buffered := bufio.NewWriterSize(w, 64<<10)
	switch f {
	case JSON:
		return &lines{w: buffered, open: `{"data":[`, between: ",\n", end: "],\"has_more\":false,\"next_cursor\":null}\n"}
	case NDJSON:
		return &lines{w: buffered, after: "\n"}
	case CSV:
		return &table{w: csv.NewWriter(buffered), buffered: buffered}
	default:
		return nil
	}
}

// lines writes canonical lines with something around them.
type lines struct {
	w                         *bufio.Writer
	open, between, after, end string
	begun, second             bool
}

func (l *lines) record(r proof.Record) error {
	line, err := r.Line()
	if err != nil {
		return err
	}
	l.begin()
	if l.second {
		l.w.WriteString(l.between) // a bufio.Writer keeps its first error for Flush
	}
	l.second = true
	l.w.Write(line)
	l.w.WriteString(l.after)
	return nil
}

func (l *lines) begin() {
	if !l.begun {
		l.w.WriteString(l.open)
	}
	l.begun = true
}

func (l *lines) flush(last bool) error {
	l.begin()
	if last {
		l.w.WriteString(l.end)
	}
	return l.w.Flush()
}

// table writes CSV with a header, safe to open in a spreadsheet.
type table struct {
	w        *csv.Writer
	buffered *bufio.Writer
	begun    bool
}

func (t *table) record(r proof.Record) error {
	if err := t.begin(); err != nil {
		return err
	}
	agent := ""
	if r.Agent != nil {
		agent = *r.Agent
	}
	cells := []string{strconv.FormatInt(r.Position, 10), r.ID, r.At.UTC().Format(time.RFC3339Nano),
		r.Type, r.Actor, agent, r.Subject, string(r.Data), r.RequestID}
	for i, c := range cells {
		cells[i] = sheet.Cell(c)
	}
	return t.w.Write(cells)
}

func (t *table) begin() error {
	if t.begun {
		return nil
	}
	t.begun = true
	return t.w.Write([]string{"position", "id", "at", "type", "actor", "agent", "subject", "data", "request_id"})
}

func (t *table) flush(bool) error {
	if err := t.begin(); err != nil {
		return err
	}
	t.w.Flush()
	if err := t.w.Error(); err != nil {
		return err
	}
	return t.buffered.Flush()
}
