package event

import "testing"

func BenchmarkDecode(b *testing.B) {
	for name, raw := range map[string][]byte{
		"change":       sample(b, "apim-cloudevent"),
		"operation":    sample(b, "resource-action"),
		"blob deleted": sample(b, "blob-deleted"),
		"malformed":    []byte(`{"id":"e1"}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				_, _ = Decode(raw)
			}
		})
	}
}
