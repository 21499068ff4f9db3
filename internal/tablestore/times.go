package tablestore

import (
	"fmt"
	"strings"
	"time"

	"lifeboat/internal/job"
)

// encodeTimes is times as Go writes durations, such as "7m6s 10m31s".
func encodeTimes(times job.Times) string {
	var texts []string
	for _, d := range times.Known() {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, " ")
}

func putTimes(r row, name string, value *job.Times) {
	if value != nil {
		r[name] = encodeTimes(*value)
	}
}

// times reads what encodeTimes wrote. Of a newer version that keeps more, the
// oldest are left out.
func (f *fields) times(name string) (times job.Times) {
	for i, text := range strings.Fields(f.text(name)) {
		if i < len(times) {
			times[i] = f.parsed(name, text)
		}
	}
	return times
}

// duration reads one, as Go writes it.
func (f *fields) duration(name string) time.Duration {
	text := f.text(name)
	if text == "" {
		return 0 // the row is older than the property
	}
	return f.parsed(name, text)
}

func (f *fields) parsed(name, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("property %s is no duration", name)
	}
	return d
}
