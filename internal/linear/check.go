package linear

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// model is the sequential gate as the checker wants it. Agents that share no
// limit are checked each on its own, which is much faster.
func model(l Limits, shared bool) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init: func() []any { return []any{books{}} },
		Step: func(state, in, out any) []any { return state.(books).step(in.(Input), out.(Output), l) },
		DescribeOperation: func(in, out any) string {
			return spoken(in.(Input), out.(Output))
		},
	}
	if !shared {
		m.Partition = byAgent
	}
	return m.ToModel()
}

func byAgent(history []porcupine.Operation) [][]porcupine.Operation {
	parts := make([][]porcupine.Operation, Agents)
	for _, o := range history {
		agent := o.Input.(Input).Agent
		parts[agent] = append(parts[agent], o)
	}
	return parts
}

// Check says whether some order explains every answer of the history. Shared
// says that the agents have a limit together. Not finding an order in time is
// an error too.
func Check(history []porcupine.Operation, l Limits, shared bool, patience time.Duration) error {
	if !shared {
		history = alone(history)
	}
	result, info := porcupine.CheckOperationsVerbose(model(l, shared), history, patience)
	switch result {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("no order was found for %d calls within %s", len(history), patience)
	}
	return fmt.Errorf("no order explains the answers of %d calls; as far as it goes:\n%s", len(history), longest(history, info))
}

// alone leaves out what budgets said of all agents together.
func alone(history []porcupine.Operation) []porcupine.Operation {
	out := make([]porcupine.Operation, len(history))
	for i, o := range history {
		said := o.Output.(Output)
		said.AllSpent, said.AllReserved = said.Spent, said.Reserved // a partition has one agent
		o.Output = said
		out[i] = o
	}
	return out
}

// longest prints the end of the longest order that was found in each part, and
// the calls of which none could follow it.
func longest(history []porcupine.Operation, info porcupine.LinearizationInfo) (text string) {
	const shown = 10
	for _, part := range info.PartialLinearizationsOperations() {
		var best []porcupine.Operation
		for _, order := range part {
			if len(order) > len(best) {
				best = order
			}
		}
		if len(best) == 0 {
			continue
		}
		text += fmt.Sprintf("%d calls in order:\n", len(best))
		for _, o := range best[max(0, len(best)-shown):] {
			text += "  " + spoken(o.Input.(Input), o.Output.(Output)) + "\n"
		}
		for _, o := range couldFollow(history, best) {
			text += "  then not: " + spoken(o.Input.(Input), o.Output.(Output)) + "\n"
		}
	}
	return text
}

// couldFollow are the calls that were under way when the order ends.
func couldFollow(history, order []porcupine.Operation) (next []porcupine.Operation) {
	done := map[[3]int64]bool{}
	id := func(o porcupine.Operation) [3]int64 { return [3]int64{int64(o.ClientId), o.Call, o.Return} }
	for _, o := range order {
		done[id(o)] = true
	}
	agent := order[0].Input.(Input).Agent
	ends := int64(1) << 62
	for _, o := range history {
		if !done[id(o)] && o.Input.(Input).Agent == agent {
			ends = min(ends, o.Return)
		}
	}
	for _, o := range history {
		if !done[id(o)] && o.Input.(Input).Agent == agent && o.Call <= ends {
			next = append(next, o)
		}
	}
	return next
}

// spoken is a call in one line.
func spoken(in Input, out Output) string {
	return fmt.Sprintf("%s of %d by agent %d, %d, at once %t → %s %s %d, unknown %t, id %d again %t, %d+%d of all %d+%d", in.Kind, in.Slot, in.Agent, in.Minor, in.Auto,
		out.Code, name[out.Status], out.Minor, out.Unknown, out.ID, out.Replayed, out.Spent, out.Reserved, out.AllSpent, out.AllReserved)
}
