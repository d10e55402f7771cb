package spend

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/internal/once"
	"github.com/getpurser/purser/internal/postgres"
)

// ref names a thing of a tenant: an agent, an authorization, an approval.
type ref struct {
	tenant ident.Tenant
	id     uuid.UUID
}

// meterRef names a meter of a tenant.
type meterRef struct {
	tenant ident.Tenant
	key    meter.Key
}

// agentRow is what the gate knows of an agent whose row it holds.
type agentRow struct {
	handle string
	status string
}

// mode is one tenant while the batch holds its row.
type mode struct {
	*snapshot
	frozen bool
	// late says that more holds have run out than one transaction gives back.
	late bool
}

// batch is one transaction of the gate in memory: everything is read and
// locked first, then the ops change it one after the other, each seeing what
// the one before took, and then what changed is written.
type batch struct {
	ops []*op
	// ctx and tx are the transaction's, for what a rail does in it.
	ctx context.Context
	tx  pgx.Tx
	// now is the database's clock, read once every lock is held.
	now time.Time

	modes          map[ident.Tenant]*mode
	agents         map[ref]agentRow
	meters         map[meterRef]*meter.Meter
	authorizations map[ref]*Authorization
	approvals      map[ref]*Approval
	roles          map[ref]string // of voters, by member
	deadKeys       map[uuid.UUID]bool
	// expired says that a hold of the agents has run out by now.
	expired bool
	records map[once.ID]*once.Record
	// repeated are the authorizations that stored answers speak of, as they are
	// now. Nothing holds them.
	repeated map[*op]*Authorization
	history  history

	changed changes
	// broken is why nothing of the batch may be committed: an op has changed it
	// and could not be recorded.
	broken error
}

// changes is what the batch will write.
type changes struct {
	meters     map[meterRef]bool
	inserted   []*Authorization
	updated    map[ref]*Authorization
	held       []*Approval
	closed     []closedApproval
	votes      []Vote
	merchants  map[merchantRef]bool
	events     []audit.Entry
	written    audit.Written
	records    []once.Record
	decidedIDs []uuid.UUID // of held ones that people or time decided
}

type closedApproval struct {
	ref
	status string
}

func newBatch(ops []*op) *batch {
	return &batch{ops: ops,
		modes: map[ident.Tenant]*mode{}, agents: map[ref]agentRow{}, meters: map[meterRef]*meter.Meter{},
		authorizations: map[ref]*Authorization{}, approvals: map[ref]*Approval{}, roles: map[ref]string{},
		deadKeys: map[uuid.UUID]bool{}, records: map[once.ID]*once.Record{}, repeated: map[*op]*Authorization{}, history: newHistory(),
		changed: changes{meters: map[meterRef]bool{}, updated: map[ref]*Authorization{}, merchants: map[merchantRef]bool{}}}
}

// decide runs the ops in one transaction and gives an answer for each.
func (s *Service) decide(ops []*op) ([]answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), batchPatience)
	defer cancel()
	var answers []answer
	var b *batch
	err := s.committers.InPipeline(ctx, func(ctx context.Context, tx *postgres.Pipeline) (*pgx.Batch, error) {
		b = newBatch(ops)
		if err := b.read(ctx, tx, s.cache); err != nil {
			return nil, err
		}
		b.ctx, b.tx = ctx, tx.Tx()
		b.releaseExpired()
		answers = b.apply()
		if b.broken != nil {
			return nil, b.broken
		}
		b.offer(answers)
		s.memory.new(b.changed.merchants)
		return b.write(ctx)
	})
	if err != nil {
		return nil, err
	}
	s.memory.learn(&b.changed)
	s.config.Audit.Remember(b.changed.written)
	s.waiters.wake(b.changed.decidedIDs)
	s.prepareUnmetered(b)
	return answers, nil
}

// offer shows the results before the commit.
func (b *batch) offer(answers []answer) {
	for i, o := range b.ops {
		if answers[i].err == nil && answers[i].result.Replay == nil {
			o.offer(answers[i].result)
		}
	}
}

// apply gives each op its turn.
func (b *batch) apply() []answer {
	answers := make([]answer, len(b.ops))
	for i, o := range b.ops {
		result, err := b.turn(o)
		if answers[i] = (answer{result, err}); b.broken != nil {
			break
		}
	}
	return answers
}

func (b *batch) turn(o *op) (Result, error) {
	if o.call.Key != uuid.Nil && b.deadKeys[o.call.Key] {
		return Result{}, fault.New(fault.Unauthenticated, "invalid_api_key", "This API key is not valid.")
	}
	if replay, err := b.replay(o); replay != nil || err != nil {
		return Result{Replay: replay, Authorization: b.repeated[o], company: b.modes[o.tenant].settings}, err
	}
	if o.apply == nil {
		return Result{}, nil // only there to have its agent's expired holds given back
	}
	result, err := o.apply(b)
	if err != nil {
		return Result{}, err
	}
	result.Stored, b.broken = b.record(o, result)
	return result, b.broken
}

// replay is the stored answer of an earlier call with the op's key.
func (b *batch) replay(o *op) (*once.Answer, error) {
	if o.call.Once == nil {
		return nil, nil
	}
	record := b.records[o.call.Once.Key.ID()]
	if record == nil || record.Outlived {
		return nil, nil
	}
	if err := record.Check(o.call.Once.Key); err != nil {
		return nil, err
	}
	return &record.Answer, nil
}

// record stores the op's answer under its key, and gives it back.
func (b *batch) record(o *op, r Result) ([]byte, error) {
	if o.call.Once == nil {
		return nil, nil
	}
	stored, err := o.call.Once.Answer(r)
	if err != nil {
		return nil, err
	}
	key := o.call.Once.Key
	b.changed.records = append(b.changed.records, once.Record{Key: key, Answer: stored, Outlived: b.records[key.ID()] != nil})
	return stored.Body, nil
}

// charge adds to every meter that counts the authorization: deltas in minor
// units, given to the windows that the decision fell in.
func (b *batch) charge(a *Authorization, spent, reserved int64) {
	for _, scope := range b.modes[a.Tenant].scopes {
		if scope.Currency != a.Currency {
			continue
		}
		key, covers := scope.Meter(a.Agent)
		if !covers {
			continue
		}
		loc, err := meter.LoadZone(scope.Zone)
		if err != nil {
			panic("a stored zone is not in the embedded database: " + scope.Zone)
		}
		id := meterRef{a.Tenant, key}
		b.meter(id).Apply(b.now, loc, a.CreatedAt, spent, reserved)
		b.changed.meters[id] = true
	}
}

// meter is the meter of that key; one that does not exist has counted nothing.
func (b *batch) meter(id meterRef) *meter.Meter {
	m := b.meters[id]
	if m == nil {
		m = &meter.Meter{Key: id.key}
		b.meters[id] = m
	}
	return m
}

// update marks an authorization as changed.
func (b *batch) update(a *Authorization) { b.changed.updated[ref{a.Tenant, a.ID}] = a }

// tell adds an audit event about an authorization.
func (b *batch) tell(by audit.Actor, kind string, a *Authorization, more map[string]any) {
	agent := a.Agent
	b.changed.events = append(b.changed.events, audit.Entry{Tenant: a.Tenant, Actor: by, At: b.now,
		Event: audit.Event{Type: kind, Agent: &agent, Subject: a.PublicID(), Data: eventData(a, more)}})
}

func eventData(a *Authorization, more map[string]any) map[string]any {
	data := map[string]any{"amount": a.Money(a.Amount).Decimal(), "currency": string(a.Currency), "merchant": a.Merchant.Name}
	for k, v := range more {
		data[k] = v
	}
	return data
}
