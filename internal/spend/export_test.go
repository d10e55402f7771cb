package spend

// Queued is how many requests are queued and not yet taken.
func (s *Service) Queued() (n int) {
	for _, l := range s.lanes {
		l.mu.Lock()
		n += l.size
		l.mu.Unlock()
	}
	return n
}
