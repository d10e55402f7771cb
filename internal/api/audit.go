package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// AuditEvent is one thing that happened.
type AuditEvent struct {
	Position  int64           `json:"position" doc:"Its place in the log, from 0 and without gaps."`
	ID        string          `json:"id" example:"evt_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	At        time.Time       `json:"at"`
	Type      string          `json:"type" example:"authorization.approved"`
	Actor     string          `json:"actor" doc:"A key, a member, a person, or system."`
	Agent     *string         `json:"agent" nullable:"true"`
	Subject   string          `json:"subject" doc:"The id of what changed."`
	Data      maybe[anything] `json:"data"`
	RequestID string          `json:"request_id"`
}

// anything is an object with any members.
type anything map[string]any

// Schema is such an object.
func (anything) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// AuditReport says whether a log is what it was when it was written.
type AuditReport struct {
	OK          bool   `json:"ok"`
	Size        int64  `json:"size" doc:"How many events are sealed."`
	Root        string `json:"root" doc:"The Merkle tree's root, base64."`
	Checked     int64  `json:"checked" doc:"How many events were found unchanged."`
	Pending     int64  `json:"pending" doc:"How many have no position yet."`
	Problem     string `json:"problem,omitempty" doc:"The first thing that is wrong."`
	BadPosition *int64 `json:"bad_position,omitzero" doc:"Where, if it is at one position."`
}

// AuditCheckpoint is the signed head of a log.
type AuditCheckpoint struct {
	Checkpoint string   `json:"checkpoint" doc:"A signed note: origin, size, root and signature."`
	Size       int64    `json:"size"`
	Root       string   `json:"root" doc:"base64."`
	Keys       []string `json:"keys" doc:"The log's verifier keys, newest first. Who checks offline keeps them from before."`
}

// AuditProof proves that an event is in the log, offline.
type AuditProof struct {
	Event      payload[AuditEvent] `json:"event"`
	Position   int64               `json:"position"`
	TreeSize   int64               `json:"tree_size"`
	Hashes     []string            `json:"hashes" doc:"The audit path, base64."`
	Checkpoint string              `json:"checkpoint"`
}

// AuditConsistency proves that a log has only grown.
type AuditConsistency struct {
	FromSize   int64    `json:"from_size"`
	TreeSize   int64    `json:"tree_size"`
	Hashes     []string `json:"hashes" doc:"base64."`
	Checkpoint string   `json:"checkpoint"`
}

type AuditFilter struct {
	Agent string    `query:"agent" doc:"Id or handle."`
	Type  string    `query:"type" maxLength:"64" doc:"A type, or a family such as authorization.*."`
	Actor string    `query:"actor" maxLength:"64" doc:"The id of a key, member or person, or system."`
	From  time.Time `query:"from" doc:"At or after."`
	To    time.Time `query:"to" doc:"Before."`
}

func (a *API) registerAudit() {
	tagged := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Description: description, Tags: []string{"Audit"}}
	}
	events := tagged("listEvents", "/v1/audit", "List or export events",
		"A page, newest first. With format, everything that matches, oldest first, as a stream: no limit and no cursor then.")
	a.documentEvents(&events)
	handle(a, events, a.listEvents)
	handle(a, tagged("verifyLog", "/v1/audit/verify", "Verify the log", "Recomputes every leaf and the whole tree from the events."), a.verifyLog)
	handle(a, tagged("getCheckpoint", "/v1/audit/checkpoint", "Get a signed checkpoint", ""), a.getCheckpoint)
	handle(a, tagged("getProof", "/v1/audit/{id}/proof", "Prove that an event is in the log", ""), a.getProof)
	handle(a, tagged("getConsistency", "/v1/audit/consistency", "Prove that the log has only grown", "Since it had from_size events: for who has kept a checkpoint."), a.getConsistency)
}

// documentEvents describes the answers of the one operation with several
// formats.
func (a *API) documentEvents(op *huma.Operation) {
	r := a.huma.OpenAPI().Components.Schemas
	text := &huma.Schema{Type: huma.TypeString}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
		"application/json":     {Schema: payload[List[AuditEvent]]{}.Schema(r)},
		"application/x-ndjson": {Schema: text},
		"text/csv":             {Schema: text},
	}}}
}

func (a *API) listEvents(ctx context.Context, in *struct {
	Paging
	AuditFilter
	Format string `query:"format" enum:"json,csv,ndjson" doc:"Export everything that matches, in this format."`
}) (*streamed, error) {
	filter, err := a.readAuditFilter(ctx, in.AuditFilter)
	if err != nil {
		return nil, err
	}
	if in.Format != "" {
		return a.exportEvents(ctx, in.Paging, filter, audit.Format(in.Format))
	}
	before, err := a.beforePosition(ctx, in.Paging)
	if err != nil {
		return nil, err
	}
	rows, more, err := a.audit.List(ctx, callOf(ctx).Tenant, filter, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[proof.Record]{Data: append([]proof.Record{}, rows...), HasMore: more}
	if more {
		cursor := a.seal.close(callOf(ctx), positionBytes(rows[len(rows)-1].Position))
		out.NextCursor = &cursor
	}
	return whole(out, "")
}

// exportEvents streams all that matches.
func (a *API) exportEvents(ctx context.Context, p Paging, f audit.Filter, format audit.Format) (*streamed, error) {
	if p.Cursor != "" || p.Limit != defaultLimit {
		return nil, fault.BadField("query.format", "parameter_conflict", "An export has everything: leave out limit and cursor.")
	}
	t := callOf(ctx).Tenant
	return a.stream(format.ContentType(), func(ctx context.Context, w *flusher) error {
		return a.audit.Export(ctx, t, f, w, format)
	}), nil
}

func (a *API) readAuditFilter(ctx context.Context, in AuditFilter) (audit.Filter, error) {
	f := audit.Filter{Agent: callOf(ctx).agent, Type: in.Type, Actor: in.Actor, From: utc(&in.From), To: utc(&in.To)}
	if in.Agent == "" {
		return f, nil
	}
	var err error
	f.Agent, err = a.agentFilter(ctx, in.Agent)
	return f, err
}

func (a *API) verifyLog(ctx context.Context, _ *struct{}) (*reply[AuditReport], error) {
	t := callOf(ctx).Tenant
	ctx, stop := a.patient(ctx, true)
	defer stop()
	r, err := a.audit.Verify(ctx, t)
	return &reply[AuditReport]{AuditReport{OK: r.OK, Size: r.Size, Root: r.Root.String(), Checked: r.Checked,
		Pending: r.Pending, Problem: r.Problem, BadPosition: r.BadPosition}}, err
}

func (a *API) getCheckpoint(ctx context.Context, _ *struct{}) (*reply[AuditCheckpoint], error) {
	c, err := a.audit.Checkpoint(ctx, callOf(ctx).Tenant)
	return &reply[AuditCheckpoint]{AuditCheckpoint{Checkpoint: c.Note, Size: c.Size, Root: c.Root.String(), Keys: c.Keys}}, err
}

func (a *API) getProof(ctx context.Context, in *struct {
	ID string `path:"id" doc:"The event's id." example:"evt_01jd3v7m4sfx1r5k0m7z2w8y9a"`
}) (*reply[AuditProof], error) {
	id, ok := ident.Parse(ident.Event, in.ID)
	if !ok {
		return nil, missing("event")
	}
	c := callOf(ctx)
	p, err := a.audit.Proof(ctx, c.Tenant, id)
	if err == nil {
		err = c.seesEvent(p.Event)
	}
	if err != nil {
		return nil, err
	}
	return &reply[AuditProof]{AuditProof{Event: payload[AuditEvent]{raw: json.RawMessage(p.Event)}, Position: p.Position,
		TreeSize: p.TreeSize, Hashes: hashTexts(p.Hashes), Checkpoint: p.Checkpoint}}, nil
}

// seesEvent refuses an event of an agent that the caller does not see, or of
// none, as the caller's list does.
func (c *call) seesEvent(line []byte) error {
	if c.agent == nil {
		return nil
	}
	var r proof.Record
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	if r.Agent == nil || *r.Agent != ident.Format(ident.Agent, *c.agent) {
		return missing("event")
	}
	return nil
}

func (a *API) getConsistency(ctx context.Context, in *struct {
	FromSize int64 `query:"from_size" required:"true" minimum:"0" doc:"The size of the checkpoint that was kept."`
}) (*reply[AuditConsistency], error) {
	c, err := a.audit.Consistency(ctx, callOf(ctx).Tenant, in.FromSize)
	return &reply[AuditConsistency]{AuditConsistency{FromSize: c.FromSize, TreeSize: c.TreeSize,
		Hashes: hashTexts(c.Hashes), Checkpoint: c.Checkpoint}}, err
}
