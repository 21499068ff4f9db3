package metrics

import (
	"fmt"
	"io"
	"testing"

	"lifeboat/internal/fleet"
)

func BenchmarkWriteOfAThousandServices(b *testing.B) {
	one := theFleet()
	var f fleet.Fleet
	for i := range 1000 {
		s, standby := one.Services[0], one.Standbys[0]
		s.Name, standby.Name, standby.Source = fmt.Sprintf("apim-%04d", i), fmt.Sprintf("dr-%04d", i), fmt.Sprintf("apim-%04d", i)
		f.Services, f.Standbys = append(f.Services, s), append(f.Standbys, standby)
	}
	b.SetBytes(int64(len(written(b, f))))
	for b.Loop() {
		if err := Write(io.Discard, f); err != nil {
			b.Fatal(err)
		}
	}
}
