package api

// codes says what each code means, for the pages that problems point to.
func codes() map[string]string {
	return map[string]string{
		"internal":  "Something went wrong on our side. It has been logged under the request_id. Retrying with the same Idempotency-Key is safe.",
		"not_found": "There is nothing here for you: the id is malformed, unknown, another company's or of the other mode.",
	}
}
