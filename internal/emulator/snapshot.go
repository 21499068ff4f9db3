package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// snapshotFile is the one file in a directory of Snapshot.
const snapshotFile = "azure.json"

const snapshotVersion = 1

// saved is what Snapshot writes. Its fields are in the order in which they are
// taken: a message that is newer than its row is an early prompt and does no
// harm, a row that is newer than its message would wait for the watchdog.
type saved struct {
	Version    int             `json:"version"`
	Storage    json.RawMessage `json:"storage"`
	ServiceBus json.RawMessage `json:"serviceBus"`
	ARM        json.RawMessage `json:"arm"`
}

// Snapshot writes the state of all parts into dir, which only its owner can
// read. The file is replaced whole or not at all, and not touched if nothing
// has changed since.
func (a *Azure) Snapshot(dir string) error {
	state, err := a.save()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, snapshotFile)
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, state) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return replaceFile(file, state)
}

func (a *Azure) save() ([]byte, error) {
	var storage, bus, arm bytes.Buffer
	err := a.Storage.Snapshot(&storage)
	if err == nil {
		err = a.Broker.Snapshot(&bus)
	}
	if err == nil {
		err = a.ARM.Snapshot(&arm)
	}
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return json.Marshal(saved{snapshotVersion, storage.Bytes(), bus.Bytes(), arm.Bytes()})
}

// replaceFile writes a file for its owner's eyes, whole or not at all.
func replaceFile(file string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("snapshot: %w", err)
	}
	return nil
}

// Restore reads what Snapshot wrote into dir. Nothing there is no error: the
// Azure stays as it was made. After any other error it is of no use.
func (a *Azure) Restore(dir string) error {
	file := filepath.Join(dir, snapshotFile)
	state, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	var s saved
	if err := json.Unmarshal(state, &s); err != nil {
		return fmt.Errorf("restore %s: %w", file, err)
	}
	if s.Version != snapshotVersion {
		return fmt.Errorf("restore %s: version %d, this program reads %d", file, s.Version, snapshotVersion)
	}
	err = errors.Join(
		a.Storage.Restore(bytes.NewReader(s.Storage)),
		a.Broker.Restore(bytes.NewReader(s.ServiceBus)),
		a.ARM.Restore(bytes.NewReader(s.ARM)),
	)
	if err != nil {
		return fmt.Errorf("restore %s: %w", file, err)
	}
	return nil
}
