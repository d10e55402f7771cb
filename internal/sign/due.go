package sign

// algorithm is the one that new keys of a purpose are made for. Checkpoints
// are signed notes, which are Ed25519.
func (s *KeySet) algorithm(p purpose) Algorithm {
	if p == forCheckpoints {
		return EdDSA
	}
	return s.config.Algorithm
}

// due reports whether maintain has something to do.
func (s *KeySet) due(r keyring) bool {
	return r.signing(forTokens, s.algorithm(forTokens)) == nil ||
		r.signing(forCheckpoints, EdDSA) == nil || s.aged(r) || len(s.abandoned(r)) > 0
}

// aged reports whether the newest token key has signed for RotateAfter.
func (s *KeySet) aged(r keyring) bool {
	mine := r.mine(forTokens, s.algorithm(forTokens))
	return s.config.RotateAfter > 0 && len(mine) > 0 &&
		r.now.Sub(mine[0].signsFrom) >= s.config.RotateAfter
}

// abandoned are token keys that this process does not sign with and that
// nobody replaced when it was time.
func (s *KeySet) abandoned(r keyring) []*key {
	var out []*key
	for _, k := range r.keys {
		own := k.private != nil && k.algorithm == s.algorithm(forTokens)
		if s.config.RotateAfter > 0 && k.purpose == forTokens && !own && k.signsUntil == nil &&
			r.now.Sub(k.signsFrom) >= staleAfter*s.config.RotateAfter {
			out = append(out, k)
		}
	}
	return out
}
