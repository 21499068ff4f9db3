package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"lifeboat/internal/config"
)

// alone refuses a folder in which a lab runs: its file says where that
// listens, and what was left by one that was killed answers nothing.
func alone(ctx context.Context, dir string) error {
	file := filepath.Join(dir, operatorName)
	getenv, err := config.File(file)
	if err != nil {
		return nil // nothing has been left, or nothing that can be used
	}
	address, err := url.Parse(getenv("ARM_ENDPOINT"))
	if err != nil || address.Host == "" {
		return nil
	}
	d := net.Dialer{Timeout: time.Second}
	answers, err := d.DialContext(ctx, "tcp", address.Host)
	if err != nil {
		return nil
	}
	_ = answers.Close()
	return fmt.Errorf("a lab runs in %s already (%s answers): stop that one, or work in another clone; if that is something else, remove %s", dir, address.Host, file)
}

// leave removes what leads to a lab that has ended.
func (s *stage) leave() error {
	var errs []error
	for _, file := range []string{s.operatorFile(), s.environmentFile()} {
		if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
