package audit_test

import (
	"testing"

	"github.com/getpurser/purser/internal/audit"
)

func TestTypes(t *testing.T) {
	t.Parallel()
	types, err := audit.ReadTypes("events", []string{"agent.frozen", "authorization.*", "agent.frozen"})
	if err != nil || len(types) != 2 {
		t.Fatal(types, err)
	}
	for kind, want := range map[string]bool{"agent.frozen": true, "agent.created": false, "authorization.approved": true, "authorization": false,
		"authorizations.x": false, "approval.voted": false} {
		if types.Pick(kind) != want {
			t.Errorf("%s: %v", kind, !want)
		}
	}
	if got := types.Wanted(); len(got) != 1 || got[0] != audit.Everything {
		t.Error(got)
	}
	if got := (audit.Types{"agent.frozen"}).Wanted(); len(got) != 1 || got[0] != "agent.frozen" {
		t.Error(got)
	}
	if got := (audit.Types{}).Wanted(); len(got) != 0 {
		t.Error(got)
	}
	if all := (audit.Types{"*"}); !all.Pick("anything.at_all") {
		t.Error("everything is not everything")
	}
	for _, bad := range []string{"", "agent", "agent.", ".frozen", "a*.b", "*.frozen", "agent.fro*", "agent.frozen.twice", "Agent.frozen", "agent.*\n"} {
		if _, err := audit.ReadTypes("events", []string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
