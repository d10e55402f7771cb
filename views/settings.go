package views

// modeWord is the mode, within a sentence.
func modeWord(f Frame) string {
	if f.Live {
		return "live"
	}
	return "test"
}
