package audit_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

func TestListPagesNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(25)
	var positions []int64
	var before *int64
	for {
		records, more, err := w.log.List(t.Context(), w.tenant, audit.Filter{}, before, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			positions = append(positions, r.Position)
		}
		if !more {
			break
		}
		before = &records[len(records)-1].Position
	}
	for i, p := range positions {
		if p != int64(24-i) {
			t.Fatalf("positions %v", positions)
		}
	}
	if len(positions) != 25 {
		t.Fatalf("%d positions", len(positions))
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	agent, other := ident.New(), ident.New()
	key := audit.Key(ident.New(), "req_2")
	for _, e := range []struct {
		by audit.Actor
		e  audit.Event
	}{
		{member, audit.Event{Type: "agent.created", Agent: &agent, Subject: "1"}},
		{key, audit.Event{Type: "authorization.approved", Agent: &agent, Subject: "2"}},
		{key, audit.Event{Type: "authorization.denied", Agent: &other, Subject: "3"}},
		{member, audit.Event{Type: "authorizations", Subject: "4"}},
	} {
		if err := w.append(w.tenant, e.by, e.e); err != nil {
			t.Fatal(err)
		}
	}
	records, _, err := w.log.List(t.Context(), w.tenant, audit.Filter{}, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	third := records[1].At
	for name, c := range map[string]struct {
		f    audit.Filter
		want string
	}{
		"nothing":  {audit.Filter{}, "4321"},
		"agent":    {audit.Filter{Agent: &agent}, "21"},
		"type":     {audit.Filter{Type: "agent.created"}, "1"},
		"prefix":   {audit.Filter{Type: "authorization.*"}, "32"},
		"actor":    {audit.Filter{Actor: key.String()}, "32"},
		"from":     {audit.Filter{From: &third}, "43"},
		"to":       {audit.Filter{To: &third}, "21"},
		"together": {audit.Filter{Type: "authorization.*", Actor: key.String(), Agent: &agent, To: &third}, "2"},
		"none":     {audit.Filter{Actor: "mem_'; DROP TABLE x"}, ""},
	} {
		records, more, err := w.log.List(t.Context(), w.tenant, c.f, nil, 10)
		if err != nil || more {
			t.Fatalf("%s: %v, %v", name, more, err)
		}
		got := ""
		for _, r := range records {
			got += r.Subject
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, bad := range []string{"*", "auth*", "a.*.*", "*.created"} {
		if _, _, err := w.log.List(t.Context(), w.tenant, audit.Filter{Type: bad}, nil, 10); !fault.Is(err, "invalid_type") {
			t.Errorf("type %s: %v", bad, err)
		}
	}
}

// TestExportProvesItself checks the NDJSON export offline, and that flushes
// happen on the way.
func TestExportProvesItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(1203)
	c := w.checkpoint()
	w.write(7)
	out := &flushed{}
	if err := w.log.Export(t.Context(), w.tenant, audit.Filter{}, out, audit.NDJSON); err != nil {
		t.Fatal(err)
	}
	if out.flushes < 3 {
		t.Errorf("%d flushes", out.flushes)
	}
	checked, err := proof.VerifyExport(bytes.NewReader(out.Bytes()), c.Note, c.Keys)
	if err != nil || checked.Sealed != 1203 || checked.Newer != 7 {
		t.Fatalf("%+v, %v", checked, err)
	}
	changed := bytes.Replace(out.Bytes(), []byte(`"n":700,`), []byte(`"n":701,`), 1)
	if _, err := proof.VerifyExport(bytes.NewReader(changed), c.Note, c.Keys); err == nil {
		t.Error("a changed export holds")
	}
}

type flushed struct {
	bytes.Buffer
	flushes int
}

func (f *flushed) Flush() { f.flushes++ }

func TestExportAsJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, n := range []int{0, 3} {
		w.write(n)
		var out bytes.Buffer
		if err := w.log.Export(t.Context(), w.tenant, audit.Filter{}, &out, audit.JSON); err != nil {
			t.Fatal(err)
		}
		var list struct {
			Data    []proof.Record `json:"data"`
			HasMore *bool          `json:"has_more"`
		}
		if err := json.Unmarshal(out.Bytes(), &list); err != nil || len(list.Data) != n || list.HasMore == nil || *list.HasMore {
			t.Errorf("%d: %s, %v", n, out.String(), err)
		}
	}
	if err := w.log.Export(t.Context(), w.tenant, audit.Filter{}, &bytes.Buffer{}, "xlsx"); !fault.Is(err, "unknown_format") {
		t.Errorf("xlsx: %v", err)
	}
}

// TestExportedCellsAreNoFormulas writes what attackers name things.
func TestExportedCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hostile := []string{"=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", `"=1`, `'=1`, ` =1`, "\u00a0=1", "＝1", "|calc", "x;=1+1", "x\n=1", "x\t=1", `x;"=1`, "=cmd|' /C calc'!A0"}
	for _, name := range hostile {
		if err := w.append(w.tenant, member, audit.Event{Type: "agent.created", Subject: name, Data: map[string]any{"name": name}}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := w.log.Export(t.Context(), w.tenant, audit.Filter{}, &out, audit.CSV); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != len(hostile)+1 || strings.Join(rows[0], ",") != "position,id,at,type,actor,agent,subject,data,request_id" {
		t.Fatalf("%v, %v", rows, err)
	}
	for i, row := range rows[1:] {
		for _, cell := range row {
			for _, part := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(";\n\t\r", r) }) {
				if p := strings.TrimLeft(part, "\" \u00a0"); p != "" && strings.ContainsRune("=+-@|＝", []rune(p)[0]) {
					t.Errorf("%q became %q", hostile[i], cell)
				}
			}
		}
	}
}

func TestProofOfEveryEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(531) // two whole blocks and a part
	kept := w.checkpoint()
	w.write(40)
	records, err := w.log.After(t.Context(), w.tenant, audit.Filter{}, -1, 600)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Position%37 != 0 && r.Position < 525 {
			continue
		}
		id, _ := ident.Parse(ident.Event, r.ID)
		p, err := w.log.Proof(t.Context(), w.tenant, id)
		if err != nil {
			t.Fatalf("position %d: %v", r.Position, err)
		}
		got, c, err := throughJSON(t, p).Verify(w.keys())
		if err != nil || got.ID != r.ID || c.Size != 571 || c.Origin != audit.Origin(w.tenant) {
			t.Fatalf("position %d: %+v, %+v, %v", r.Position, got, c, err)
		}
	}
	for _, size := range []int64{0, 1, 255, 256, 257, 512, 530, 531, 571} {
		p, err := w.log.Consistency(t.Context(), w.tenant, size)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Verify(kept.Note, w.keys()); (err == nil) != (size == kept.Size) {
			t.Errorf("from %d against a checkpoint of %d: %v", size, kept.Size, err)
		}
	}
	if _, err := w.log.Consistency(t.Context(), w.tenant, 572); !fault.Is(err, "out_of_range") {
		t.Errorf("beyond the log: %v", err)
	}
}

// throughJSON reformats the document as a client might.
func throughJSON(t *testing.T, p proof.Inclusion) (out proof.Inclusion) {
	t.Helper()
	text, err := json.MarshalIndent(p, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProofOfAnothersEventIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(1)
	records, _, err := w.log.List(t.Context(), w.tenant, audit.Filter{}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := ident.Parse(ident.Event, records[0].ID)
	for _, other := range []ident.Tenant{{Company: w.tenant.Company, Live: false}, {Company: ident.New(), Live: true}} {
		if _, err := w.log.Proof(t.Context(), other, id); !fault.Is(err, "not_found") {
			t.Errorf("%v", err)
		}
		if r, err := w.log.Verify(t.Context(), other); err != nil || !r.OK || r.Size != 0 {
			t.Errorf("an empty log: %+v, %v", r, err)
		}
	}
}
