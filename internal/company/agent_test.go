package company_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
)

func (h *house) agent(t ident.Tenant, handle string) company.Agent {
	h.t.Helper()
	a, err := h.create(t, company.NewAgent{Handle: handle, Name: "Bot"})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) create(t ident.Tenant, in company.NewAgent) (a company.Agent, err error) {
	err = h.try(func(ctx context.Context, tx pgx.Tx) error {
		a, err = h.CreateAgent(ctx, tx, t, h.by, in)
		return err
	})
	return a, err
}

type agentAction func(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref string) (company.Agent, error)

func (h *house) act(t ident.Tenant, ref string, action agentAction) (a company.Agent, err error) {
	err = h.try(func(ctx context.Context, tx pgx.Tx) error {
		a, err = action(ctx, tx, t, h.by, ref)
		return err
	})
	return a, err
}

func (h *house) update(t ident.Tenant, ref string, in company.AgentChange) (company.Agent, error) {
	return h.act(t, ref, func(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, ref string) (company.Agent, error) {
		return h.UpdateAgent(ctx, tx, t, by, ref, in)
	})
}

func TestAgentByIDOrHandle(t *testing.T) {
	h := newHouse(t)
	a, err := h.create(h.live, company.NewAgent{Handle: "agent_procurement_bot", Name: " Bot ",
		Description: "line\nline", Metadata: map[string]string{"team": "ops"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"agent_procurement_bot", ident.Format(ident.Agent, a.ID)} {
		got, err := h.Agent(t.Context(), h.live, ref)
		if err != nil || got.ID != a.ID || got.Name != "Bot" || !maps.Equal(got.Metadata, a.Metadata) || got.Status != company.AgentActive {
			t.Errorf("%s: %+v, %v", ref, got, err)
		}
		_, err = h.Agent(t.Context(), h.test, ref)
		wantCode(t, err, "not_found")
	}
	for _, ref := range []string{"", "no-such", "UPPER", "a b", ident.Format(ident.Agent, uuid.New()), ident.Format(ident.Policy, a.ID), "a\x00"} {
		_, err := h.Agent(t.Context(), h.live, ref)
		wantCode(t, err, "not_found")
	}
	h.found("Other")
	_, err = h.Agent(t.Context(), h.live, ident.Format(ident.Agent, a.ID))
	wantCode(t, err, "not_found")
}

func TestHandles(t *testing.T) {
	h := newHouse(t)
	h.agent(h.live, "bot")
	_, err := h.create(h.live, company.NewAgent{Handle: "bot", Name: "B"})
	wantCode(t, err, "handle_taken")
	h.agent(h.test, "bot") // the other mode is another world
	for handle, code := range map[string]string{"": "required", "Bot": "handle_malformed", "-bot": "handle_malformed",
		"bot\n": "handle_malformed", "böt": "handle_malformed", strings.Repeat("a", 64): "handle_malformed",
		ident.Format(ident.Agent, uuid.New()): "handle_like_id"} {
		_, err := h.create(h.live, company.NewAgent{Handle: handle, Name: "B"})
		wantCode(t, err, code)
	}
	h.agent(h.live, strings.Repeat("a", 63))
}

func TestAgentUpdate(t *testing.T) {
	h := newHouse(t)
	a, err := h.create(h.live, company.NewAgent{Handle: "bot", Name: "B", Metadata: map[string]string{"a": "1", "b": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.update(h.live, "bot", company.AgentChange{Handle: ptr("robot"), Name: ptr("Robot"),
		Metadata: map[string]string{"a": "", "c": "3"}})
	if err != nil || got.ID != a.ID || got.Handle != "robot" || !maps.Equal(got.Metadata, map[string]string{"b": "2", "c": "3"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := h.update(h.live, "robot", company.AgentChange{Name: ptr("Robot")}); err != nil {
		t.Fatal(err)
	}
	if n := h.events(h.live, "agent.updated"); n != 1 {
		t.Errorf("%d events", n)
	}
	h.agent(h.live, "bot")
	_, err = h.update(h.live, "robot", company.AgentChange{Handle: ptr("bot")})
	wantCode(t, err, "handle_taken")
}

func TestMetadataLimits(t *testing.T) {
	h := newHouse(t)
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint("k", i)] = "v"
	}
	for code, metadata := range map[string]map[string]string{
		"metadata_too_large":     many,
		"metadata_key_malformed": {strings.Repeat("k", 41): "v"},
		"too_long":               {"k": strings.Repeat("v", 501)},
		"malformed_text":         {"k": "\xff"},
	} {
		_, err := h.create(h.live, company.NewAgent{Handle: "bot", Name: "B", Metadata: metadata})
		wantCode(t, err, code)
	}
	_, err := h.create(h.live, company.NewAgent{Handle: "bot", Name: "B", Metadata: map[string]string{" ": "v"}})
	wantCode(t, err, "metadata_key_malformed")
}

func TestAgentFreezes(t *testing.T) {
	h := newHouse(t)
	h.agent(h.live, "bot")
	for range 2 {
		if a, err := h.act(h.live, "bot", h.FreezeAgent); err != nil || a.Status != company.AgentFrozen {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	if h.events(h.live, "agent.frozen") != 1 {
		t.Error("not one event")
	}
	if a, err := h.act(h.live, "bot", h.UnfreezeAgent); err != nil || a.Status != company.AgentActive {
		t.Fatalf("%+v, %v", a, err)
	}
}

func TestAgentDeleted(t *testing.T) {
	h := newHouse(t)
	a := h.agent(h.live, "bot")
	id := ident.Format(ident.Agent, a.ID)
	var told []uuid.UUID
	h.WhenKeysChange(func(keys []uuid.UUID) { told = append(told, keys...) })
	own, other := ident.New(), ident.New()
	h.insertKey(h.live, own, &a.ID, nil)
	h.insertKey(h.live, other, nil, nil)
	for range 2 {
		if got, err := h.act(h.live, id, h.DeleteAgent); err != nil || got.Status != company.AgentDeleted {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if !h.revoked(own) || h.revoked(other) || len(told) != 1 || told[0] != own {
		t.Errorf("keys: own %v, other %v, told %v", h.revoked(own), h.revoked(other), told)
	}
	if h.events(h.live, "agent.deleted") != 1 || h.events(h.live, "key.revoked") != 1 {
		t.Error("events are wrong")
	}
	if got, err := h.Agent(t.Context(), h.live, id); err != nil || got.Status != company.AgentDeleted {
		t.Errorf("history: %+v, %v", got, err)
	}
	_, err := h.Agent(t.Context(), h.live, "bot")
	wantCode(t, err, "not_found")
	_, err = h.act(h.live, id, h.UnfreezeAgent)
	wantCode(t, err, "agent_deleted")
	_, err = h.ResolveAgents(t.Context(), h.live, []string{id})
	wantCode(t, err, "not_found")
	if again := h.agent(h.live, "bot"); again.ID == a.ID {
		t.Error("the handle is not free")
	}
}

func TestAgentLists(t *testing.T) {
	h := newHouse(t)
	var ids []uuid.UUID
	for i := range 5 {
		ids = append(ids, h.agent(h.live, fmt.Sprint("bot-", i)).ID)
	}
	h.agent(h.test, "elsewhere")
	if _, err := h.act(h.live, "bot-4", h.DeleteAgent); err != nil {
		t.Fatal(err)
	}
	first, err := h.Agents(t.Context(), h.live, company.Page{Limit: 2})
	if err != nil || len(first) != 2 || first[0].ID != ids[3] || first[1].ID != ids[2] {
		t.Fatalf("%+v, %v", first, err)
	}
	rest, err := h.Agents(t.Context(), h.live, company.Page{Limit: 9, Before: &first[1].ID})
	if err != nil || len(rest) != 2 || rest[1].ID != ids[0] {
		t.Fatalf("%+v, %v", rest, err)
	}
	gone, err := h.Agents(t.Context(), h.live, company.Page{Limit: 9}, company.AgentDeleted)
	if err != nil || len(gone) != 1 || gone[0].ID != ids[4] {
		t.Fatalf("%+v, %v", gone, err)
	}
	found, err := h.AgentsByID(t.Context(), h.live, ids)
	if err != nil || len(found) != 5 {
		t.Fatalf("%d, %v", len(found), err)
	}
	got, err := h.ResolveAgents(t.Context(), h.live, []string{"bot-1", ident.Format(ident.Agent, ids[0])})
	if err != nil || got[0] != ids[1] || got[1] != ids[0] {
		t.Fatalf("%v, %v", got, err)
	}
}
