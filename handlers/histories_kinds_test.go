package handlers_test

import "slices"

// enoughForKinds is from how many histories on each kind of fault has befallen
// somebody.
const enoughForKinds = 200

// The faults that a run of so many histories must have met. They are named
// here again, so that one that is drawn no more is missed.
var (
	faultsOfEach = []string{ // of ARM, tables and blobs
		"408", "500", "502", "503", "503 after", "504", "body cut short", "reset after", "reset before",
		"429 absurd", "429 as a date", "429 in ms", "429 in seconds", "429 in words", "429 in years", "429 negative", "429 of zero", "429 without a time",
	}
	faultsOfOne = []string{
		"arm 200 with an error", "arm 404", "arm 409", "arm 412", "arm Location elsewhere", "arm no Location",
		"arm backup cut short", "arm backup empty", "arm backup missing", "arm dates to wait", "arm ends as Failed", "arm operation fails", "arm operation lost", "arm stays Updating", "arm takes three hours",
		"table 200 with an error", "table 202 with 409 inside", "table 202 with 412 inside", "table 202 with 500 inside", "table 404", "table 412",
		"blob 404", "blob 409", "blob 412",
		"bus connection cut after", "bus connection cut before", "bus internal error", "bus link detached", "bus server busy", "bus timeout",
		"bus message delayed by hours", "bus message delayed by minutes", "bus message doubled", "bus message lost", "bus message out of order",
		"request delayed by minutes", "request doubled",
		"event delayed by hours", "event delayed by minutes", "event delivered again", "event doubled", "event malformed", "event of Lifeboat's own", "event out of order",
		"hook 302", "hook 404", "hook 410", "hook 429 absurd", "hook 429 in seconds", "hook 429 without a time", "hook 500", "hook 500 after", "hook 502", "hook 503",
		"hook reset after", "hook reset before", "hook timeout", "hook timeout after",
		"handler dies",
	}
)

// unmet are the kinds of faults that have befallen nobody.
func unmet(faults map[string]int) (missing []string) {
	all := slices.Clone(faultsOfOne)
	for _, service := range []string{"arm", "table", "blob"} {
		for _, name := range faultsOfEach {
			all = append(all, service+" "+name)
		}
	}
	for _, kind := range all {
		if faults[kind] == 0 {
			missing = append(missing, kind)
		}
	}
	return missing
}
