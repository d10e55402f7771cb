package spend_test

import (
	"context"
	"sync/atomic"
	"testing"
)

// BenchmarkAuthorize measures decisions on one hot agent and on many, without
// HTTP: go test -bench Authorize -cpu 2 ./internal/spend
func BenchmarkAuthorize(b *testing.B) {
	for name, agents := range map[string]int{"hot": 1, "spread": 1000} {
		b.Run(name, func(b *testing.B) {
			h := newHouse(b)
			h.policy(limitRule(1000000000, "agent"))
			ids := h.agents(agents)
			var n atomic.Int64
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := h.gate.Authorize(context.Background(), h.call(), ask(ids[n.Add(1)%int64(agents)], 100)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}
