package main

import (
	"testing"
	"time"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 28*time.Millisecond + 400*time.Microsecond: "28ms", 2 * time.Second: "2s", 2100 * time.Millisecond: "2.1s",
		26*time.Second + 300*time.Millisecond: "26s", 90 * time.Second: "1m30s", 5 * time.Minute: "5m",
		time.Hour: "1h", time.Hour + 5*time.Second: "1h0m5s", 168 * time.Hour: "168h",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSizeAndCount(t *testing.T) {
	for got, want := range map[string]string{
		size(0): "0 bytes", size(1023): "1023 bytes", size(50_000): "48.8 KiB", size(3 << 20): "3.0 MiB",
		count(1, "poll"): "1 poll", count(0, "poll"): "0 polls", count(2, "poll"): "2 polls",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSourceable(t *testing.T) {
	if got, want := sourceable([]string{"A=b=c;d"}), "export A='b=c;d'\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLongPastIsNotAboutToCome(t *testing.T) {
	if got := longPast(time.Date(2026, 3, 1, 2, 59, 59, 0, time.UTC)); got != "0 0 20 * * *" {
		t.Errorf("longPast = %q", got)
	}
}
