package views

import "strconv"

// countedBig is a number of things: "1 request", "1,204 requests".
func countedBig(n int64, thing string) string { return counted(int(n), thing) }

func strconvInt(n int64) string { return strconv.FormatInt(n, 10) }
