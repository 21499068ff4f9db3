package recovery

import (
	"context"
	"errors"
	"time"

	"lifeboat/internal/job"
)

// conflictTries is how often something is done again because others changed
// at the same moment what it had read.
const conflictTries = 8

// contended repeats take while others change what it read.
func (e *Engine) contended(ctx context.Context, take func() error) (err error) {
	for try := range conflictTries {
		pause(ctx, time.Duration(try*try)*10*time.Millisecond)
		if err = take(); !errors.Is(err, job.ErrConflict) {
			break
		}
	}
	return err
}
